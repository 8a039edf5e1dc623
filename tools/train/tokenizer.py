"""Builds the model's BPE vocabulary in CLIP's vocab.json / merges.txt form, and encodes text with it.
Every word of the grammar is one token; any other text encodes byte by byte. Not a general BPE trainer."""

import argparse
import json
from collections import Counter
from pathlib import Path

import regex

import palette
import scenes
import words

CONTEXT = 77
START, END = "<|startoftext|>", "<|endoftext|>"
DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "public" / "models" / "kiln-small" / "tokenizer"
# CLIP's own splitting rule.
SPLIT = regex.compile(
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    regex.IGNORECASE,
)
SHARED_MERGES = 400  # frequent pairs merged before words are finished one by one


def byte_symbols() -> dict[int, str]:
    """CLIP's reversible table from bytes to printable characters, in its order."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    rest = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(rest)}


def grammar_words() -> list[str]:
    """Every word that captions can hold, then the extra common words, each once."""
    texts: list[str] = []

    def collect(table: object) -> None:
        if isinstance(table, str):
            texts.append(table)
        elif isinstance(table, dict):
            collect(tuple(table.values()))
        elif isinstance(table, tuple):
            for item in table:
                collect(item)

    for name, table in vars(words).items():
        if name.isupper() and name != "EXTRA":
            collect(table)
    collect((
        *scenes.STYLES, *scenes.HELD_OUT_STYLES, *scenes.KINDS, *scenes.TERRAINS, *scenes.WEATHERS, *scenes.TIMES,
        *palette.OBJECT_COLOURS,
    ))
    texts.append(words.EXTRA)
    return list(
        dict.fromkeys(
            word for text in texts for word in SPLIT.findall(text.lower()) if word.isalpha() and len(word) > 1
        )
    )


def merge_pair(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    merged, i = [], 0
    while i < len(symbols):
        if symbols[i : i + 2] == pair:
            merged.append(symbols[i] + symbols[i + 1])
            i += 2
        else:
            merged.append(symbols[i])
            i += 1
    return tuple(merged)


def build_merges(vocabulary_words: list[str]) -> list[tuple[str, str]]:
    """Frequent pairs first, then each unfinished word is joined from the left. A later merge never
    undoes an earlier word: while that word is unfinished some earlier merge of its own applies."""
    pieces = {word: (*word[:-1], word[-1] + "</w>") for word in vocabulary_words}
    merges: list[tuple[str, str]] = []

    def add(pair: tuple[str, str]) -> None:
        merges.append(pair)
        for word, symbols in pieces.items():
            if len(symbols) > 1:
                pieces[word] = merge_pair(symbols, pair)

    for _ in range(SHARED_MERGES):
        pairs = Counter(pair for symbols in pieces.values() for pair in zip(symbols, symbols[1:]))
        add(max(pairs, key=lambda pair: (pairs[pair], pair)))
    for word in vocabulary_words:
        while len(pieces[word]) > 1:
            add(pieces[word][:2])
    return merges


def build_vocabulary(merges: list[tuple[str, str]]) -> dict[str, int]:
    symbols = list(byte_symbols().values())
    tokens = [*symbols, *(symbol + "</w>" for symbol in symbols), *("".join(pair) for pair in merges), START, END]
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}


def write_tokenizer(folder: Path) -> None:
    merges = build_merges(grammar_words())
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = json.dumps(build_vocabulary(merges), ensure_ascii=False, separators=(",", ":"))
    (folder / "vocab.json").write_text(vocabulary, encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


class Tokenizer:
    """Encodes text as SD 1.x does: start, tokens, end, padded with end to 77."""

    def __init__(self, folder: Path = DEFAULT_FOLDER) -> None:
        self.ids: dict[str, int] = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
        self.ranks = {tuple(line.split(" ")): rank for rank, line in enumerate(lines)}
        self.symbols = byte_symbols()
        self.cache: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def encode_word(self, word: str) -> list[int]:
        if word in (START, END):
            return [self.ids[word]]
        if word not in self.cache:
            letters = [self.symbols[byte] for byte in word.encode("utf-8")]
            pieces: tuple[str, ...] = (*letters[:-1], letters[-1] + "</w>")
            while len(pieces) > 1:
                best = min(zip(pieces, pieces[1:]), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
                if best not in self.ranks:
                    break
                pieces = merge_pair(pieces, best)
            self.cache[word] = [self.ids[piece] for piece in pieces]
        return self.cache[word]

    def encode(self, text: str) -> list[int]:
        """77 ids; a longer text is cut."""
        tokens = [token for word in SPLIT.findall(" ".join(text.lower().split())) for token in self.encode_word(word)]
        start, end = self.ids[START], self.ids[END]
        tokens = [start, *tokens[: CONTEXT - 2], end]
        return tokens + [end] * (CONTEXT - len(tokens))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write vocab.json and merges.txt.")
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER)
    write_tokenizer(parser.parse_args().out)
