// Tokenizers that come with the app for models that bring none: CLIP's, which every Stable Diffusion checkpoint expects.

import { fetchBeside } from "./embedded-models.ts";
import type { TokenizerFiles } from "./open-model.ts";

const CLIP = "tokenizers/clip";

/** @throws AppError Network or ModelNotFound. */
export async function fetchClipTokenizer(baseUrl: string): Promise<TokenizerFiles> {
  const [vocabulary, merges] = await Promise.all(
    ["vocab.json", "merges.txt"].map((name) => fetchBeside(baseUrl, `${CLIP}/${name}`)),
  );
  return { vocabJson: await vocabulary.json(), mergesText: await merges.text() };
}
