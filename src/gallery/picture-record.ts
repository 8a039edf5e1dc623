// What the gallery keeps about a picture, and the terms it can be found by. Not the picture's bytes.

import type { GenerationRequest } from "../protocol/generation-request.ts";

/** What a picture was made from, where that is another picture. */
export interface PictureLineage {
  readonly operation: "upscale";
  /** File name of the other picture, for people. */
  readonly sourceName: string;
  /** Its id, where it was in this gallery. It may be deleted since. */
  readonly sourceId?: number;
}

/** One picture of the gallery, as the page sees it. */
export interface PictureRecord {
  /** Grows with every picture added on this device. */
  readonly id: number;
  readonly jobId: string;
  /** Position among the job's pictures, 0-based. */
  readonly index: number;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly modelId: string;
  readonly infotext: string;
  /** What was asked for; absent for a picture that came from a file. */
  readonly request?: GenerationRequest;
  readonly lineage?: PictureLineage;
  readonly favourite: boolean;
  /** Milliseconds since the epoch. */
  readonly addedAt: number;
  readonly bytes: number;
  /** Name of the picture's file inside the gallery's storage. */
  readonly fileName: string;
  /** Absent when no thumbnail could be made. */
  readonly thumbnailName?: string;
}

/** The record as IndexedDB holds it: with its search terms and, once deleted, the time of it. */
export interface StoredPicture extends PictureRecord {
  readonly terms: readonly string[];
  readonly deletedAt?: number;
}

/** A record before the database gave it its id. */
export type NewPicture = Omit<PictureRecord, "id">;

export const KEPT = "is:kept";
export const FAVOURITE = "is:favourite";
export const DELETED = "is:deleted";

// Scripts that are written without spaces: runs are indexed as overlapping pairs, so that any part of them is found.
const SPACELESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
const PIECES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}ー]+|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{N}\p{M}])+/gu;
// A prompt of 10,000 characters must not cost thousands of index entries.
const MAX_WORDS = 400;
const MAX_WORD_LENGTH = 40;

function pieces(text: string): string[] {
  return text.normalize("NFKC").toLowerCase().match(PIECES) ?? [];
}

function pairs(run: string): string[] {
  const characters = [...run];
  return characters.map((character, i) => character + (characters[i + 1] ?? ""));
}

/** The distinct words of a text as they are indexed. */
export function indexedWords(...texts: readonly string[]): string[] {
  const words = new Set<string>();
  for (const piece of texts.flatMap(pieces)) {
    if (words.size >= MAX_WORDS) break;
    for (const word of SPACELESS.test(piece) ? pairs(piece) : [piece.slice(0, MAX_WORD_LENGTH)])
      words.add(word);
  }
  return [...words];
}

/** What a search text asks for: every one of these must begin some indexed word. */
export function searchedPrefixes(text: string): string[] {
  const prefixes = new Set<string>();
  for (const piece of pieces(text)) {
    const found = SPACELESS.test(piece) ? pairs(piece) : [piece.slice(0, MAX_WORD_LENGTH)];
    // The last pair of a longer run is a single character, which the pair before it already covers.
    for (const prefix of found.length > 1 ? found.slice(0, -1) : found) prefixes.add(prefix);
  }
  return [...prefixes];
}

/** Index key of a word: words and states share one index. */
export function wordTerm(word: string): string {
  return `w:${word}`;
}

/** The terms a record must carry in its present state. */
export function termsOf(picture: NewPicture & { readonly deletedAt?: number }): string[] {
  if (picture.deletedAt !== undefined) return [DELETED];
  const states = picture.favourite ? [KEPT, FAVOURITE] : [KEPT];
  const model = /\bModel: ([^,\n]+)/.exec(picture.infotext)?.[1] ?? "";
  const words = indexedWords(picture.prompt, picture.negativePrompt, picture.modelId, model);
  return [...states, ...words.map(wordTerm)];
}
