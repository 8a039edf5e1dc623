// CLIP's byte-level BPE: text → token ids. The vocabulary is passed in; weights, chunks and padding are other files' work.

import { AppError } from "../protocol/app-error.ts";
import { mergePieces } from "./bpe.ts";

export interface ClipTokenizer {
  /** Token ids of the text, without start, end or padding. */
  encode(text: string): number[];
  readonly start: number;
  readonly end: number;
  /** One above the largest id. */
  readonly size: number;
  /** What a chunk is filled up with: CLIP-L pads with `end`, other encoders with 0. */
  readonly pad: number;
  /** Id of a word-final comma, where a long prompt prefers to be divided; undefined if the vocabulary has none. */
  readonly comma: number | undefined;
  /** Whether a word ends with this token; false for one that goes on in the next. */
  endsWord(id: number): boolean;
  /** How many ids, this one first, must stay in one chunk; 1 for tokens of the vocabulary. */
  runLength?(id: number): number;
}

const START = "<|startoftext|>";
const END = "<|endoftext|>";
const WORD_END = "</w>";

// CLIP's own word pattern: contractions, letters, single digits, and runs of anything else that is not white space.
const WORD = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu;
const SPECIAL = /(<\|startoftext\|>|<\|endoftext\|>)/;

// Words repeat within and between prompts; the bound keeps pasted books from staying in memory.
const CACHE_LIMIT = 10_000;

/** GPT-2's printable stand-in for every byte: visible Latin-1 stands for itself, the rest for 256 and up. */
function byteSymbols(): string[] {
  const visible = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let hidden = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(visible(byte) ? byte : 256 + hidden++));
}

function parseVocabulary(vocabJson: unknown): Map<string, number> {
  const fail = (expected: string, got: string): never => {
    throw new AppError("FileFormat", `The tokenizer's vocabulary should be ${expected}, got ${got}.`, {
      where: "vocab.json",
      expected,
      got,
    });
  };
  if (typeof vocabJson !== "object" || vocabJson === null || Array.isArray(vocabJson)) {
    return fail("an object of token ids", Array.isArray(vocabJson) ? "a list" : String(vocabJson));
  }
  const vocabulary = new Map<string, number>();
  for (const [token, id] of Object.entries(vocabJson)) {
    if (!Number.isSafeInteger(id) || (id as number) < 0) {
      // Nested values may be too deep to be written out.
      const got = typeof id === "object" ? "an object or a list" : String(id);
      fail("an object of token ids", `${got} for "${token.slice(0, 40)}"`);
    }
    vocabulary.set(token, id as number);
  }
  for (const token of [START, END]) {
    if (!vocabulary.has(token)) fail(`a vocabulary with ${token}`, `${vocabulary.size} tokens without it`);
  }
  return vocabulary;
}

/** Ranks of "left right" lines, after an optional version comment. */
function parseMerges(mergesText: string): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const [index, line] of mergesText.split(/\r?\n/).entries()) {
    if (line === "" || (index === 0 && line.startsWith("#version"))) continue;
    if (!/^[^ ]+ [^ ]+$/.test(line)) {
      throw new AppError(
        "FileFormat",
        `Line ${index + 1} of the tokenizer's merges should be two pieces, got "${line.slice(0, 40)}".`,
        {
          where: `merges.txt:${index + 1}`,
          expected: "two pieces separated by a space",
          got: line.slice(0, 40),
        },
      );
    }
    ranks.set(line, ranks.size);
  }
  return ranks;
}

/**
 * A tokenizer over the two files CLIP publishes, parsed JSON of vocab.json and the text of merges.txt.
 * @throws AppError FileFormat when they are not what they should be.
 */
export function createClipTokenizer(
  vocabJson: unknown,
  mergesText: string,
  options: { readonly pad?: number } = {},
): ClipTokenizer {
  const vocabulary = parseVocabulary(vocabJson);
  const ranks = parseMerges(mergesText);
  const rankOf = (left: string, right: string): number | undefined => ranks.get(`${left} ${right}`);
  const symbols = byteSymbols();
  const utf8 = new TextEncoder();
  const start = vocabulary.get(START)!;
  const end = vocabulary.get(END)!;
  const cache = new Map<string, readonly number[]>();
  const wordEnds = new Set([...vocabulary].flatMap(([token, id]) => (token.endsWith(WORD_END) ? id : [])));

  const encodeWord = (word: string): readonly number[] => {
    const known = cache.get(word);
    if (known) return known;
    const pieces = Array.from(utf8.encode(word), (byte) => symbols[byte]);
    pieces[pieces.length - 1] += WORD_END;
    // CLIP has no unknown token of its own and uses the end token for one.
    const ids = mergePieces(pieces, rankOf).map((piece) => vocabulary.get(piece) ?? end);
    if (cache.size >= CACHE_LIMIT) cache.clear();
    cache.set(word, ids);
    return ids;
  };

  return {
    start,
    end,
    size: [...vocabulary.values()].reduce((most, id) => Math.max(most, id + 1), 0),
    pad: options.pad ?? end,
    comma: vocabulary.get(`,${WORD_END}`),
    // Start and end stand alone too.
    endsWord: (id) => wordEnds.has(id) || id === start || id === end,
    encode(text) {
      const ids: number[] = [];
      for (const part of text.split(SPECIAL)) {
        if (part === START || part === END) {
          ids.push(part === START ? start : end);
          continue;
        }
        // The reference lower-cases letter by letter, so a word-final Σ must not become ς.
        const words = part.normalize("NFC").replaceAll("Σ", "σ").toLowerCase().match(WORD) ?? [];
        for (const word of words) for (const id of encodeWord(word)) ids.push(id);
      }
      return ids;
    },
  };
}
