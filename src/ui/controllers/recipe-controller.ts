// Owns the form's fields: what the user set, over the chosen model's defaults. Stored at every change; makes no pictures.

import type { FormFields } from "../../gallery/settings.ts";
import type { SettingsStore } from "../../gallery/settings-store.ts";
import type { ModelRecord } from "../../protocol/library-api.ts";
import { defaultsFor, type Recipe, sanitiseRecipe, withinFixed } from "../recipe.ts";
import { Observable } from "./observable.ts";

export interface RecipeState {
  readonly recipe: Recipe;
  /** What each field returns to; depends on the model. */
  readonly defaults: Recipe;
}

// Typing must not write to the database with every key.
const SAVE_DELAY_MS = 300;

export class RecipeController {
  readonly state: Observable<RecipeState>;
  readonly #settings: SettingsStore;
  #fields: FormFields;
  #models: readonly ModelRecord[] = [];
  #saveTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: SettingsStore) {
    this.#settings = settings;
    this.#fields = settings.get("form");
    this.state = new Observable(this.#resolve());
    // A page that is being closed has no time for the timer.
    addEventListener("pagehide", () => this.#save());
  }

  get recipe(): Recipe {
    return this.state.value.recipe;
  }

  setModels(models: readonly ModelRecord[]): void {
    this.#models = models;
    this.state.set(this.#resolve());
  }

  /** Sets fields. One that equals the default is forgotten, so that it follows the next model's default. */
  patch(fields: Partial<Recipe>): void {
    const merged = { ...this.#fields, ...fields };
    const { defaults } = this.#resolve(merged);
    // Before the models are there, what the defaults are is not known: all that was typed is kept.
    const isOwn = ([name, value]: readonly [string, unknown]): boolean =>
      this.#models.length === 0 || name === "modelId" || value !== defaults[name as keyof Recipe];
    this.#fields = Object.fromEntries(Object.entries(merged).filter(isOwn));
    this.state.set(this.#resolve());
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => this.#save(), SAVE_DELAY_MS);
  }

  /** Back to the model's defaults, prompts kept. */
  reset(): void {
    const { prompt, negativePrompt, modelId } = this.recipe;
    this.#fields = {};
    this.patch({ prompt, negativePrompt, modelId });
  }

  #resolve(fields: FormFields = this.#fields): RecipeState {
    const checkpoints = this.#models.filter(({ type }) => type === "checkpoint");
    // Until the list is there the stored id stands, so that nothing jumps when it arrives.
    const model = checkpoints.find(({ id }) => id === fields.modelId) ?? checkpoints[0];
    const defaults = { ...defaultsFor(model?.defaults), modelId: model?.id ?? fields.modelId ?? "" };
    const recipe = withinFixed(sanitiseRecipe({ ...fields }, defaults), model?.fixed);
    return { recipe: { ...recipe, modelId: defaults.modelId }, defaults };
  }

  #save(): void {
    if (this.#saveTimer === undefined) return;
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    // Losing a keystroke's worth of form to a full disk is no reason to interrupt the user.
    this.#settings.set("form", this.#fields).catch(() => undefined);
  }
}
