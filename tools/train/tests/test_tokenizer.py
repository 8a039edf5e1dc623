"""The vocabulary: every word of the grammar is one token, and the files mean the same to transformers."""

import json
from pathlib import Path

import numpy as np
import pytest

from captions import caption
from scenes import sample_scene
from tokenizer import CONTEXT, DEFAULT_FOLDER, END, SPLIT, START, Tokenizer, byte_symbols, grammar_words, write_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer()


def test_published_files_are_what_the_grammar_builds(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    for name in ("vocab.json", "merges.txt"):
        assert (tmp_path / name).read_bytes() == (DEFAULT_FOLDER / name).read_bytes()


def test_layout_is_clips(tokenizer: Tokenizer) -> None:
    tokens = list(json.loads((DEFAULT_FOLDER / "vocab.json").read_text(encoding="utf-8")))
    symbols = list(byte_symbols().values())
    assert tokens[:512] == symbols + [symbol + "</w>" for symbol in symbols]
    assert tokens[-2:] == [START, END]
    assert list(tokenizer.ids.values()) == list(range(len(tokens)))
    assert (DEFAULT_FOLDER / "merges.txt").read_text(encoding="utf-8").startswith("#version")


def test_every_word_of_grammar_and_captions_is_one_token(tokenizer: Tokenizer) -> None:
    assert [word for word in grammar_words() if len(tokenizer.encode_word(word)) != 1] == []
    rng = np.random.default_rng(1)
    for include in (None, "style:blueprint", "object:windmill"):
        for _ in range(1500):
            for word in SPLIT.findall(caption(sample_scene(rng, include), rng)):
                assert len(tokenizer.encode_word(word)) == 1, word


def test_encoding_has_start_end_and_padding(tokenizer: Tokenizer) -> None:
    start, end = tokenizer.ids[START], tokenizer.ids[END]
    ids = tokenizer.encode("A Red  lighthouse")
    assert len(ids) == CONTEXT and ids[0] == start and ids[4:] == [end] * (CONTEXT - 4)
    assert ids == tokenizer.encode("a red lighthouse")
    assert tokenizer.encode("") == [start] + [end] * (CONTEXT - 1)
    assert tokenizer.encode("boat " * 100)[-1] == end


def test_agrees_with_transformers(tokenizer: Tokenizer) -> None:
    transformers = pytest.importorskip("transformers")
    other = transformers.CLIPTokenizer(str(DEFAULT_FOLDER / "vocab.json"), str(DEFAULT_FOLDER / "merges.txt"))
    rng = np.random.default_rng(2)
    texts = [caption(sample_scene(rng), rng) for _ in range(200)]
    texts += ["", "HELLO   world!!! (cat:1.2),\n dog's", "Ünïcödé 日本 123 don't", "🎈 supercalifragilistic", "boat " * 100]
    for text in texts:
        expected = other(text, padding="max_length", max_length=CONTEXT, truncation=True).input_ids
        assert tokenizer.encode(text) == expected, text
