// Prompt text to the text encoders' joined output: chunks, encoders, emphasis. Holds no tokenizer rules and no network.

import { CHUNK_CAPACITY, chunkPrompt, type PromptChunk } from "../prompt/chunks.ts";
import type { ClipTokenizer } from "../prompt/clip-tokenizer.ts";
import { applyEmphasis } from "../prompt/emphasis.ts";
import { parsePromptSchedule } from "../prompt/prompt-schedule.ts";
import { AppError } from "../protocol/app-error.ts";
import type { TextEncoder } from "./components.ts";

/** Attention over more would take gigabytes; 32 chunks are about 10,000 characters of plain English. */
export const MAX_CHUNKS = 32;

// Any number shows all texts of most schedules; the counter does not know how many steps will be made.
const COUNTED_STEPS = 20;

/** A text encoder and the tokenizer that pads as it was trained. */
export interface PromptEncoder {
  readonly tokenizer: ClipTokenizer;
  readonly encoder: TextEncoder;
}

/** `field` is the request's, for the message when the prompt is too long (InvalidRequest). */
export interface PromptText {
  readonly text: string;
  readonly field: "prompt" | "negativePrompt";
}

/** context: [tokens, width]. */
export interface EncodedPrompt {
  readonly tokens: number;
  readonly width: number;
  readonly context: Float32Array;
  /** The prompt as a whole, where an encoder pools; of all encoders that do, in their order. */
  readonly pooled?: Float32Array;
}

/** Tokens of a prompt and the room in the chunks it takes; of a schedule's longest text. */
export function countPromptTokens(
  tokenizer: ClipTokenizer,
  prompt: string,
): { readonly tokens: number; readonly capacity: number } {
  const texts = new Set(parsePromptSchedule(prompt, { steps: COUNTED_STEPS }).map((entry) => entry.prompt));
  const [longest] = [...texts]
    .map((text) => chunkPrompt(text, tokenizer))
    .sort((a, b) => b.tokens - a.tokens);
  return { tokens: longest.tokens, capacity: longest.capacity };
}

/**
 * One result per text. The first encoder reads all texts before the second reads any, so that they need not be in memory
 * together.
 */
export async function encodePrompts(
  prompts: readonly PromptText[],
  encoders: readonly PromptEncoder[],
  clipSkip: number,
): Promise<readonly EncodedPrompt[]> {
  const chunked = encoders.map(({ tokenizer }) => prompts.map((prompt) => chunksOf(prompt, tokenizer)));
  const perEncoder: EncodedPrompt[][] = [];
  for (const [i, { tokenizer, encoder }] of encoders.entries()) {
    const encoded: EncodedPrompt[] = [];
    for (const p of prompts.keys()) {
      // Encoders with different vocabularies may cut a prompt differently; the shorter one goes on with empty chunks.
      const most = Math.max(...chunked.map((byPrompt) => byPrompt[p].length));
      const [empty] = chunkPrompt("", tokenizer).chunks;
      const chunks = [...chunked[i][p], ...new Array<PromptChunk>(most - chunked[i][p].length).fill(empty)];
      encoded.push(await encodeChunks(chunks, encoder, clipSkip));
    }
    perEncoder.push(encoded);
  }
  return prompts.map((_, p) => sideBySide(perEncoder.map((encoded) => encoded[p])));
}

/** What families that were trained so see instead of an empty negative prompt. */
export function zeroed({ tokens, width, context, pooled }: EncodedPrompt): EncodedPrompt {
  return {
    tokens,
    width,
    context: new Float32Array(context.length),
    ...(pooled && { pooled: new Float32Array(pooled.length) }),
  };
}

function chunksOf({ text, field }: PromptText, tokenizer: ClipTokenizer): readonly PromptChunk[] {
  const { chunks, tokens } = chunkPrompt(text, tokenizer);
  if (chunks.length <= MAX_CHUNKS) return chunks;
  const label = field === "prompt" ? "prompt" : "negative prompt";
  const most = MAX_CHUNKS * CHUNK_CAPACITY;
  throw new AppError(
    "InvalidRequest",
    `The ${label} has ${tokens} tokens in ${chunks.length} chunks; at most ${most} tokens in ${MAX_CHUNKS} chunks fit.`,
    { where: field, expected: `at most ${MAX_CHUNKS} chunks`, got: `${chunks.length} chunks` },
  );
}

async function encodeChunks(
  chunks: readonly PromptChunk[],
  encoder: TextEncoder,
  clipSkip: number,
): Promise<EncodedPrompt> {
  const { width } = encoder;
  const length = chunks[0].ids.length;
  const context = new Float32Array(chunks.length * length * width);
  let pooled: Float32Array | undefined;
  for (const [i, { ids, weights }] of chunks.entries()) {
    const encoded = await encoder.encode(ids, clipSkip);
    context.set(applyEmphasis(encoded.hidden, weights), i * length * width);
    pooled ??= encoded.pooled; // as A1111: the first chunk's
  }
  return { tokens: chunks.length * length, width, context, ...(pooled && { pooled }) };
}

/** Joined along the width. */
function sideBySide(parts: readonly EncodedPrompt[]): EncodedPrompt {
  if (parts.length === 1) return parts[0];
  const { tokens } = parts[0];
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  const context = new Float32Array(tokens * width);
  let column = 0;
  for (const part of parts) {
    for (let token = 0; token < tokens; token++) {
      const row = part.context.subarray(token * part.width, (token + 1) * part.width);
      context.set(row, token * width + column);
    }
    column += part.width;
  }
  const pooled = parts.flatMap((part) => (part.pooled ? [...part.pooled] : []));
  return { tokens, width, context, ...(pooled.length > 0 && { pooled: Float32Array.from(pooled) }) };
}
