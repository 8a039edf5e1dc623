// Prompt text to conditioning: chunks, text encoder, emphasis. Holds no tokenizer rules and no network.

import { CHUNK_CAPACITY, chunkPrompt } from "../prompt/chunks.ts";
import type { ClipTokenizer } from "../prompt/clip-tokenizer.ts";
import { applyEmphasis } from "../prompt/emphasis.ts";
import { AppError } from "../protocol/app-error.ts";
import type { Conditioning, TextEncoder } from "./components.ts";

/** Attention over more would take gigabytes; 32 chunks are about 10,000 characters of plain English. */
export const MAX_CHUNKS = 32;

/** Tokens of a prompt and the room in the chunks it takes. */
export function countPromptTokens(
  tokenizer: ClipTokenizer,
  prompt: string,
): { readonly tokens: number; readonly capacity: number } {
  const { tokens, capacity } = chunkPrompt(prompt, tokenizer);
  return { tokens, capacity };
}

/**
 * Encodes every chunk and joins them: [77 · chunks, width].
 * @param field the request's field, for the message when the prompt is too long (InvalidRequest).
 */
export async function encodePrompt(
  prompt: string,
  field: "prompt" | "negativePrompt",
  tokenizer: ClipTokenizer,
  encoder: TextEncoder,
  clipSkip: number,
): Promise<Conditioning> {
  const { chunks, tokens } = chunkPrompt(prompt, tokenizer);
  if (chunks.length > MAX_CHUNKS) {
    const label = field === "prompt" ? "prompt" : "negative prompt";
    const most = MAX_CHUNKS * CHUNK_CAPACITY;
    throw new AppError(
      "InvalidRequest",
      `The ${label} has ${tokens} tokens in ${chunks.length} chunks; at most ${most} tokens in ${MAX_CHUNKS} chunks fit.`,
      { where: field, expected: `at most ${MAX_CHUNKS} chunks`, got: `${chunks.length} chunks` },
    );
  }
  const length = chunks[0].ids.length;
  const context = new Float32Array(chunks.length * length * encoder.width);
  let pooled: Float32Array | undefined;
  for (const [i, { ids, weights }] of chunks.entries()) {
    const encoded = await encoder.encode(ids, clipSkip);
    context.set(applyEmphasis(encoded.hidden, weights), i * length * encoder.width);
    pooled ??= encoded.pooled; // families that pool take the first chunk's vector
  }
  return { tokens: chunks.length * length, width: encoder.width, context, pooled };
}
