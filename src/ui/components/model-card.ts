// One model of the library as a card: what it looks like, what it is, what can be done with it at once.

import { localized, msg, str } from "@lit/localize";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { LinkedFileState } from "../../protocol/linked-files.ts";
import { fireEvent } from "../fire-event.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon } from "../icons.ts";
import { baseOf, type LibraryEntry, nameOf } from "../model-filter.ts";
import { linkName, precisionName, shortHash, typeName } from "../model-names.ts";
import { controlStyles } from "../styles/controls.ts";
import { modelCardStyles } from "./model-card.styles.ts";
import "./model-preview.ts";

declare global {
  interface KilnEvents {
    "model-use": { readonly id: string };
    "model-details": { readonly id: string };
    "model-favourite": { readonly id: string };
    "model-mark": { readonly id: string; readonly range: boolean };
    /** The browser is to be asked for the model's file, or the file to be read again. */
    "link-allow": { readonly id: string };
    "link-check": { readonly id: string };
    "model-menu": { readonly id: string; readonly anchor: HTMLElement };
    "trigger-word": { readonly word: string };
  }
  interface HTMLElementTagNameMap {
    "kiln-model-card": ModelCard;
  }
}

const SHOWN_WORDS = 3;

/**
 * @event model-use
 * @event model-details
 * @event model-favourite
 * @event link-allow
 * @event link-check
 * @event model-mark - chosen for a batch, or no longer
 * @event model-menu - everything else that can be done
 * @event trigger-word - a word to put into the prompt
 */
@localized()
@customElement("kiln-model-card")
export class ModelCard extends LitElement {
  static override styles = [controlStyles, modelCardStyles];

  @property({ attribute: false }) entry!: LibraryEntry;
  /** Of a model whose file stays where the user keeps it. */
  @property() link?: LinkedFileState;
  /** Text of the Use button; none when there is no use for this kind yet. */
  @property() use = "";
  @property({ type: Boolean }) used = false;
  @property({ type: Boolean }) marking = false;
  @property({ type: Boolean, reflect: true }) marked = false;
  @property({ type: Boolean }) blurred = false;
  @property({ attribute: false }) openPreview: (id: string) => Promise<Blob | undefined> = () =>
    Promise.resolve(undefined);

  #pick(event: MouseEvent): void {
    const { id } = this.entry.record;
    if (this.marking) fireEvent(this, "model-mark", { id, range: event.shiftKey });
    else fireEvent(this, "model-details", { id });
  }

  #renderWords(): TemplateResult {
    const words = (this.entry.metadata?.trigger_words ?? []).slice(0, SHOWN_WORDS);
    return html`<div class="words">
      ${words.map(
        (word) =>
          html`<button
            class="word"
            type="button"
            title=${msg(str`Put “${word}” into the prompt`)}
            @click=${() => fireEvent(this, "trigger-word", { word })}
          >
            ${word}
          </button>`,
      )}
    </div>`;
  }

  /** Takes the place of Use while the file cannot be read as the model it was. */
  #renderLinkAction(state: Exclude<LinkedFileState, "ready">): TemplateResult | typeof nothing {
    const { id } = this.entry.record;
    if (state === "missing") return nothing;
    const ask = state === "ask";
    return html`<button
      class="button primary use"
      type="button"
      @click=${() => fireEvent(this, ask ? "link-allow" : "link-check", { id })}
    >
      ${ask ? msg("Allow reading") : msg("Check file")}
    </button>`;
  }

  #renderActions(): TemplateResult {
    const { id } = this.entry.record;
    const name = nameOf(this.entry);
    const acts = this.link === undefined || this.link === "ready" ? this.use !== "" : this.link !== "missing";
    return html`<div class="actions">
      ${
        this.link && this.link !== "ready"
          ? this.#renderLinkAction(this.link)
          : this.use
            ? html`<button
                class="button ${this.used ? "" : "primary"} use"
                type="button"
                ?disabled=${this.used}
                @click=${() => fireEvent(this, "model-use", { id })}
              >
                ${this.used ? html`${icon("check")}${msg("In use")}` : this.use}
              </button>`
            : nothing
      }
      <button
        class="button ${acts ? "square second" : "use"}"
        type="button"
        aria-label=${msg(str`Details of ${name}`)}
        title=${msg("Details")}
        @click=${() => fireEvent(this, "model-details", { id })}
      >
        ${icon("info")}${acts ? nothing : msg("Details")}
      </button>
      <button
        class="button square"
        type="button"
        aria-label=${msg(str`More for ${name}`)}
        aria-haspopup="menu"
        title=${msg("More")}
        @click=${(event: Event) =>
          fireEvent(this, "model-menu", { id, anchor: event.currentTarget as HTMLElement })}
      >
        ${icon("more")}
      </button>
    </div>`;
  }

  override render(): TemplateResult {
    const { record, metadata } = this.entry;
    const name = nameOf(this.entry);
    const published = record.format === "onnx" ? msg("ONNX, as published") : "";
    const favourite = metadata?.favourite ?? false;
    const star = favourite ? msg(str`Remove ${name} from favourites`) : msg(str`Add ${name} to favourites`);
    return html`
      <button
        class="picture"
        type="button"
        tabindex=${this.marking ? 0 : -1}
        aria-label=${this.marking ? msg(str`Select ${name}`) : msg(str`Open ${name}`)}
        aria-pressed=${this.marking ? (this.marked ? "true" : "false") : nothing}
        @click=${this.#pick}
      >
        <kiln-model-preview
          .modelId=${record.id}
          .version=${metadata?.preview_path ? metadata.last_updated : ""}
          .shipped=${record.preview ?? ""}
          .type=${record.type}
          ?blurred=${this.blurred}
          .open=${this.openPreview}
        ></kiln-model-preview>
        <span class="badges">
          ${record.origin === "embedded" ? html`<span class="badge">${msg("Built in")}</span>` : nothing}
          ${this.link ? html`<span class="badge ${this.link}">${linkName(this.link)}</span>` : nothing}
          ${metadata?.newer_version_id ? html`<span class="badge">${msg("Update")}</span>` : nothing}
        </span>
        ${this.marking ? html`<span class="tick">${this.marked ? icon("check") : nothing}</span>` : nothing}
      </button>
      ${
        this.marking
          ? nothing
          : html`<button
              class="star ${favourite ? "on" : ""}"
              type="button"
              aria-label=${star}
              aria-pressed=${favourite ? "true" : "false"}
              title=${star}
              @click=${() => fireEvent(this, "model-favourite", { id: record.id })}
            >
              ${icon(favourite ? "heart-filled" : "heart")}
            </button>`
      }
      <div class="body">
        <div class="name" title=${record.fileName}>${name}</div>
        <div class="facts">
          ${[typeName(record.type), baseOf(this.entry), published].filter(Boolean).join(" · ")}
        </div>
        <div class="facts">
          ${precisionName(record.dtype)} · ${formatBytes(record.bytes)}<span class="dot"> · </span
          ><span class="hash">${shortHash(record, metadata)}</span>
        </div>
        ${this.#renderWords()} ${this.#renderActions()}
      </div>
    `;
  }
}
