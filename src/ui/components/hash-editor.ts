// The hash by which a model is looked up: shown, edited by hand with its kind, or replaced by an address at Civitai.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { HASH_KINDS, type HashKind, type ModelMetadata } from "../../protocol/metadata-api.ts";
import { fireEvent } from "../fire-event.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "hash-fetch": { readonly address: string | undefined };
  }
  interface HTMLElementTagNameMap {
    "kiln-hash-editor": HashEditor;
  }
}

const KIND_NAMES: Readonly<Record<HashKind, () => string>> = {
  AUTOV2: () => msg("AutoV2 (10 digits)"),
  SHA256: () => msg("SHA-256 (64 digits)"),
  civitai: () => msg("Any kind Civitai knows"),
  legacy: () => msg("Old short hash (8 digits)"),
};

/** The digits of "AUTOV2: 90BFFAFD10". */
function digitsOf(hash: string): string {
  return hash.replace(/^[^:]*:\s*/, "");
}

/** @event hash-fetch - look it up, by this address or by hash */
@localized()
@customElement("kiln-hash-editor")
export class HashEditor extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 12px;
      }
      .line {
        display: grid;
        grid-template-columns: minmax(0, 190px) minmax(0, 1fr) auto;
        gap: 8px;
      }
      .line.two {
        grid-template-columns: minmax(0, 1fr) auto;
      }
      .digits {
        font: 13px var(--kiln-mono);
      }
      .problem {
        margin: 0;
        color: var(--kiln-danger-text);
        font-size: 14px;
      }
      @media (max-width: 560px) {
        .line {
          grid-template-columns: minmax(0, 1fr) auto;
        }
        .line:not(.two) select {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  @property({ attribute: false }) metadata!: ModelMetadata;
  /** Rejects with the sentence to show when the digits are wrong. */
  @property({ attribute: false }) save: (kind: HashKind, value: string) => Promise<void> = () =>
    Promise.resolve();
  @property({ type: Boolean }) fetching = false;

  @state() private kind: HashKind = "AUTOV2";
  @state() private digits = "";
  @state() private address = "";
  @state() private problem = "";

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("metadata")) return;
    const before = changed.get("metadata");
    if (before && before.id === this.metadata.id && before.hash === this.metadata.hash) return;
    this.kind = this.metadata.hash_type;
    this.digits = digitsOf(this.metadata.hash);
    this.problem = "";
  }

  async #save(event: Event): Promise<void> {
    event.preventDefault();
    this.problem = "";
    try {
      await this.save(this.kind, this.digits.trim());
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  #fetch(event: Event): void {
    event.preventDefault();
    fireEvent(this, "hash-fetch", { address: this.address.trim() || undefined });
  }

  override render(): TemplateResult {
    const saved = this.kind === this.metadata.hash_type && this.digits === digitsOf(this.metadata.hash);
    return html`
      <form class="line" @submit=${this.#save}>
        <select
          class="field"
          aria-label=${msg("Kind of hash")}
          @change=${(event: Event) => (this.kind = (event.target as HTMLSelectElement).value as HashKind)}
        >
          ${HASH_KINDS.map(
            (kind) =>
              html`<option value=${kind} .selected=${kind === this.kind}>${KIND_NAMES[kind]()}</option>`,
          )}
        </select>
        <input
          class="field digits"
          type="text"
          spellcheck="false"
          autocomplete="off"
          aria-label=${msg("Hash")}
          aria-invalid=${this.problem === "" ? "false" : "true"}
          placeholder=${msg("Empty: the file's own")}
          .value=${this.digits}
          @input=${(event: Event) => (this.digits = (event.target as HTMLInputElement).value)}
        />
        <button class="button" type="submit" ?disabled=${saved}>${msg("Save")}</button>
      </form>
      ${this.problem === "" ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
      <form class="line two" @submit=${this.#fetch}>
        <input
          class="field"
          type="text"
          inputmode="url"
          autocomplete="off"
          aria-label=${msg("Civitai address")}
          placeholder=${msg("Civitai address, or empty to search by hash")}
          .value=${this.address}
          @input=${(event: Event) => (this.address = (event.target as HTMLInputElement).value)}
        />
        <button class="button" type="submit" ?disabled=${this.fetching}>
          ${this.fetching ? msg("Fetching…") : msg("Fetch")}
        </button>
      </form>
    `;
  }
}
