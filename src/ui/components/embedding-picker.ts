// The library's embeddings, to be put into a prompt by name. Gets the list, emits the name; edits no prompt itself.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ModelRecord } from "../../protocol/library-api.ts";
import { fireEvent, type KilnEvent } from "../fire-event.ts";
import { kindFacts } from "../model-kinds.ts";
import { callName } from "../prompt-names.ts";
import { controlStyles } from "../styles/controls.ts";
import "./select-field.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-embedding-picker": EmbeddingPicker;
  }
}

/** @event prompt-insert - the chosen embedding's name is wanted in one of the prompts */
@localized()
@customElement("kiln-embedding-picker")
export class EmbeddingPicker extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 8px;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
    `,
  ];

  /** Of the library, of type "embedding". */
  @property({ attribute: false }) embeddings: readonly ModelRecord[] = [];
  @state() private chosen = "";

  #insert(field: "prompt" | "negativePrompt"): void {
    const record = this.embeddings.find(({ id }) => id === this.#chosenId);
    if (record) fireEvent(this, "prompt-insert", { text: callName(record), field });
  }

  /** What was chosen may have been removed since. */
  get #chosenId(): string {
    const known = this.embeddings.some(({ id }) => id === this.chosen);
    return known ? this.chosen : (this.embeddings[0]?.id ?? "");
  }

  override render(): TemplateResult {
    if (this.embeddings.length === 0) {
      return html`<p class="quiet">${msg("Drop a textual inversion embedding anywhere to use it here.")}</p>`;
    }
    return html`
      <kiln-select-field
        label=${msg("Embedding")}
        .value=${this.#chosenId}
        .options=${this.embeddings.map((record) => ({
          value: record.id,
          label: `${callName(record)} (${kindFacts(record).slice(1).join(", ")})`,
        }))}
        @select-change=${(event: KilnEvent<"select-change">) => (this.chosen = event.detail.value)}
      ></kiln-select-field>
      <div class="row">
        <button class="button" type="button" @click=${() => this.#insert("prompt")}>
          ${msg("Into the prompt")}
        </button>
        <button class="button" type="button" @click=${() => this.#insert("negativePrompt")}>
          ${msg("Into the negative prompt")}
        </button>
      </div>
    `;
  }
}
