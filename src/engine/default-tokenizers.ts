// The tokenizer of models that bring none. Fetches nothing by itself: it asks the library.

import type { TokenizerFiles } from "../library/open-model.ts";
import { AppError } from "../protocol/app-error.ts";

/** What must fit: the number of tokens the model's text encoder knows. */
export interface TokenizerNeed {
  readonly modelName: string;
  readonly vocabulary: number;
}

/**
 * A text encoder's weights do not say which vocabulary they were trained with, but its size does among those we have.
 * Candidates are loaded in their order, until one fits.
 * @throws AppError UnsupportedModel when none has that size.
 */
export async function tokenizerFor(
  { modelName, vocabulary }: TokenizerNeed,
  candidates: readonly (() => Promise<TokenizerFiles | undefined>)[],
): Promise<TokenizerFiles> {
  const sizes: number[] = [];
  for (const load of candidates) {
    const files = await load();
    if (!files) continue;
    const size = Object.keys(files.vocabJson as object).length;
    if (size === vocabulary) return files;
    sizes.push(size);
  }
  throw new AppError(
    "UnsupportedModel",
    `${modelName} needs a vocabulary of ${vocabulary} tokens, which this version of Kiln does not have.`,
    {
      where: `${modelName}: text encoder`,
      expected: `a vocabulary of ${sizes.join(" or ")} tokens`,
      got: `${vocabulary}`,
    },
  );
}
