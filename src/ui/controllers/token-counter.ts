// Token counts of both prompts, asked from the engine when typing rests. Answers that come too late are dropped.

import type { Engine, TokenCount } from "../../protocol/engine-api.ts";
import type { Recipe } from "../recipe.ts";
import { Observable } from "./observable.ts";

export interface PromptTokens {
  readonly prompt?: TokenCount;
  readonly negativePrompt?: TokenCount;
}

const REST_MS = 200;

export class TokenCounter {
  readonly counts = new Observable<PromptTokens>({});
  readonly #engine: Engine;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = "";

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Counts these prompts unless they are the ones last counted. */
  update({ modelId, prompt, negativePrompt }: Recipe): void {
    const key = JSON.stringify([modelId, prompt, negativePrompt]);
    if (key === this.#asked || modelId === "") return;
    this.#asked = key;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#count(key, modelId, prompt, negativePrompt), REST_MS);
  }

  async #count(key: string, modelId: string, prompt: string, negativePrompt: string): Promise<void> {
    try {
      const [positive, negative] = await Promise.all([
        this.#engine.countTokens(modelId, prompt),
        this.#engine.countTokens(modelId, negativePrompt),
      ]);
      if (key === this.#asked) this.counts.set({ prompt: positive, negativePrompt: negative });
    } catch {
      // A model whose tokenizer cannot be read fails loudly when a picture is made; a missing count is enough here.
      if (key === this.#asked) this.counts.set({});
    }
  }
}
