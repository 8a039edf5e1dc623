// Divides a weighted prompt into the 77-token chunks a CLIP text encoder takes, as A1111 does. Encodes nothing.

import type { ClipTokenizer } from "./clip-tokenizer.ts";
import { parsePromptWeights } from "./prompt-weights.ts";

/** Tokens of a chunk between its start and its end token. */
export const CHUNK_CAPACITY = 75;
const CHUNK_LENGTH = CHUNK_CAPACITY + 2;

// How many tokens a full chunk may give back so that the next one starts after a comma. A1111's default.
const COMMA_BACKTRACK = 20;

/** One run of the text encoder. */
export interface PromptChunk {
  /** Start, tokens, end, padding: [77]. */
  readonly ids: Int32Array;
  /** Attention weight of every position, 1 for start, end and padding: [77]. */
  readonly weights: Float32Array;
}

export interface ChunkedPrompt {
  /** At least one, also for an empty prompt. */
  readonly chunks: readonly PromptChunk[];
  /** Tokens used, counting all of every chunk but the last. */
  readonly tokens: number;
  /** Room in the chunks in use: 75, 150, ... */
  readonly capacity: number;
}

interface WeightedToken {
  readonly id: number;
  readonly weight: number;
}

function toChunk(tokens: readonly WeightedToken[], { start, end, pad }: ClipTokenizer): PromptChunk {
  const ids = new Int32Array(CHUNK_LENGTH).fill(pad);
  const weights = new Float32Array(CHUNK_LENGTH).fill(1);
  ids[0] = start;
  for (const [i, { id, weight }] of tokens.entries()) {
    ids[i + 1] = id;
    weights[i + 1] = weight;
  }
  ids[tokens.length + 1] = end;
  return { ids, weights };
}

/** Parses the prompt's weights and cuts its tokens into chunks. */
export function chunkPrompt(prompt: string, tokenizer: ClipTokenizer): ChunkedPrompt {
  const chunks: PromptChunk[] = [];
  let tokens: WeightedToken[] = [];
  let afterComma = 0; // number of tokens up to and including the last comma of this chunk
  const closeChunk = (): void => {
    chunks.push(toChunk(tokens, tokenizer));
    tokens = [];
    afterComma = 0;
  };

  for (const part of parsePromptWeights(prompt)) {
    if (part.type === "break") {
      closeChunk();
      continue;
    }
    for (const id of tokenizer.encode(part.text)) {
      const isComma = id === tokenizer.comma;
      if (tokens.length === CHUNK_CAPACITY) {
        // A comma is not moved: it may as well start the next chunk, as it does in A1111.
        const moveFrom =
          !isComma && afterComma > 0 && tokens.length - (afterComma - 1) <= COMMA_BACKTRACK
            ? afterComma
            : tokens.length;
        const moved = tokens.slice(moveFrom);
        tokens.length = moveFrom;
        closeChunk();
        tokens = moved;
      }
      // As A1111: an embedding that does not fit whole starts the next chunk.
      if (tokens.length + (tokenizer.runLength?.(id) ?? 1) > CHUNK_CAPACITY) closeChunk();
      tokens.push({ id, weight: part.weight });
      if (isComma) afterComma = tokens.length;
    }
  }
  const used = chunks.length * CHUNK_CAPACITY + tokens.length;
  if (tokens.length > 0 || chunks.length === 0) closeChunk();
  return { chunks, tokens: used, capacity: chunks.length * CHUNK_CAPACITY };
}
