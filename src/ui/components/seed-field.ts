// The seed with its two buttons: draw a new one for every job, or take the one of the picture on the stage.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { fitNumber, RANDOM_SEED, RANGES } from "../recipe.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "seed-change": { readonly seed: number };
  }
  interface HTMLElementTagNameMap {
    "kiln-seed-field": SeedField;
  }
}

/** @event seed-change - RANDOM_SEED or a seed */
@localized()
@customElement("kiln-seed-field")
export class SeedField extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      .row {
        display: flex;
        gap: 6px;
      }
      .field {
        flex: 1;
        min-width: 0;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  @property({ attribute: false }) seed = RANDOM_SEED;
  /** Seed of the picture on the stage. */
  @property({ attribute: false }) reusable?: number;

  #set(seed: number): void {
    if (seed !== this.seed) fireEvent(this, "seed-change", { seed });
  }

  #typed(event: Event): void {
    const field = event.target as HTMLInputElement;
    const seed =
      field.value.trim() === "" ? RANDOM_SEED : fitNumber(Number(field.value), RANGES.seed, this.seed);
    field.value = seed === RANDOM_SEED ? "" : String(seed);
    this.#set(seed);
  }

  override render(): TemplateResult {
    const random = this.seed === RANDOM_SEED;
    return html`
      <label class="label" for="field">${msg("Seed")}</label>
      <div class="row">
        <input
          id="field"
          class="field"
          type="text"
          inputmode="numeric"
          autocomplete="off"
          .value=${random ? "" : String(this.seed)}
          placeholder=${msg("Random each time")}
          @change=${this.#typed}
        />
        <button
          class="button square"
          type="button"
          aria-label=${msg("Random seed")}
          title=${msg("Random seed")}
          aria-pressed=${random ? "true" : "false"}
          @click=${() => this.#set(RANDOM_SEED)}
        >
          ${icon("dice")}
        </button>
        <button
          class="button square"
          type="button"
          aria-label=${msg("Reuse seed")}
          title=${msg("Reuse seed")}
          ?disabled=${this.reusable === undefined}
          @click=${() => this.#set(this.reusable!)}
        >
          ${icon("recycle")}
        </button>
      </div>
    `;
  }
}
