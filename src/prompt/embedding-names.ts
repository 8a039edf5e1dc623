// Names of textual inversion embeddings in prompts, by A1111's rule: a name's tokens, wherever they stand as whole words, become
// as many placeholder tokens as the embedding has vectors. Knows names and counts, no vectors.

import type { ClipTokenizer } from "./clip-tokenizer.ts";

export interface EmbeddingName {
  /** The file's name without its extension. Upper and lower case are the same, as for all words of a prompt. */
  readonly name: string;
  readonly count: number;
}

/** What a placeholder id stands for. */
export interface EmbeddingToken {
  /** Into the list of names. */
  readonly embedding: number;
  /** Into the embedding's vectors. */
  readonly vector: number;
}

/** A tokenizer whose ids from `size` on are placeholders. */
export interface EmbeddingTokenizer extends ClipTokenizer {
  /** Undefined for the vocabulary's own tokens. */
  embeddingToken(id: number): EmbeddingToken | undefined;
}

interface Spelling {
  readonly ids: readonly number[];
  readonly embedding: number;
}

export function withEmbeddingNames(
  tokenizer: ClipTokenizer,
  names: readonly EmbeddingName[],
): EmbeddingTokenizer {
  const tokens: EmbeddingToken[] = [];
  const firstIds = names.map(({ count }, embedding) => {
    const first = tokenizer.size + tokens.length;
    for (let vector = 0; vector < count; vector++) tokens.push({ embedding, vector });
    return first;
  });
  const spellings = spellingsByFirstToken(tokenizer, names);
  const embeddingToken = (id: number): EmbeddingToken | undefined => tokens[id - tokenizer.size];
  return {
    ...tokenizer,
    embeddingToken,
    encode(text) {
      const ids = tokenizer.encode(text);
      const replaced: number[] = [];
      for (let at = 0; at < ids.length;) {
        const startsWord = at === 0 || tokenizer.endsWord(ids[at - 1]);
        const candidates = (startsWord && spellings.get(ids[at])) || [];
        const found = candidates.find((spelling) => spelling.ids.every((id, i) => ids[at + i] === id));
        if (!found) {
          replaced.push(ids[at++]);
          continue;
        }
        const { embedding } = found;
        for (let vector = 0; vector < names[embedding].count; vector++)
          replaced.push(firstIds[embedding] + vector);
        at += found.ids.length;
      }
      return replaced;
    },
    runLength(id) {
      const token = embeddingToken(id);
      return token?.vector === 0 ? names[token.embedding].count : 1;
    },
  };
}

/** The longest first, so that "cat-girl" is not read as "cat". */
function spellingsByFirstToken(
  tokenizer: ClipTokenizer,
  names: readonly EmbeddingName[],
): ReadonlyMap<number, readonly Spelling[]> {
  const spellings = new Map<number, Spelling[]>();
  for (const [embedding, { name }] of names.entries()) {
    const ids = tokenizer.encode(name);
    if (ids.length === 0) continue; // a name of white space can never stand in a prompt
    spellings.set(
      ids[0],
      [...(spellings.get(ids[0]) ?? []), { ids, embedding }].sort((a, b) => b.ids.length - a.ids.length),
    );
  }
  return spellings;
}
