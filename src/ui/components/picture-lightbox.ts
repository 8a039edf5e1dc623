// One picture over everything, with its full metadata and what can be done with it. A modal dialog: focus stays inside.

import { localized, msg } from "@lit/localize";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { parseInfotext } from "../../imaging/infotext.ts";
import type { PictureRecord } from "../../gallery/picture-record.ts";
import { fireEvent } from "../fire-event.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon, type IconName } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";
import "./picture-stage.ts";
import { pictureLightboxStyles } from "./picture-lightbox.styles.ts";

declare global {
  interface KilnEvents {
    "lightbox-step": { readonly step: 1 | -1 };
    "lightbox-close": null;
    "picture-seed": null;
    "picture-copy": null;
    "picture-upscale": null;
    "picture-delete": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-picture-lightbox": PictureLightbox;
  }
}

type PictureEvent =
  | "picture-favourite"
  | "picture-restore"
  | "picture-seed"
  | "picture-download"
  | "picture-copy"
  | "picture-upscale"
  | "picture-delete";

/**
 * @event lightbox-step - to the next (1) or previous (-1) picture
 * @event lightbox-close
 * @event picture-favourite
 * @event picture-restore
 * @event picture-seed
 * @event picture-download
 * @event picture-copy
 * @event picture-upscale
 * @event picture-delete
 */
@localized()
@customElement("kiln-picture-lightbox")
export class PictureLightbox extends LitElement {
  static override styles = [controlStyles, pictureLightboxStyles];

  @property({ attribute: false }) picture!: PictureRecord;
  @property() src?: string;
  /** The file is gone: only the metadata is left. */
  @property({ type: Boolean }) missing = false;
  @property({ type: Boolean, attribute: "has-previous" }) hasPrevious = false;
  @property({ type: Boolean, attribute: "has-next" }) hasNext = false;

  @query("dialog") private readonly dialog!: HTMLDialogElement;
  @query(".close") private readonly closeButton!: HTMLButtonElement;

  override firstUpdated(): void {
    this.dialog.showModal();
  }

  override updated(): void {
    // The button that had the focus may be gone at the end of the list; keys must still reach the dialog.
    if (!this.shadowRoot?.activeElement) this.closeButton.focus();
  }

  #step(step: 1 | -1): void {
    if (step === 1 ? this.hasNext : this.hasPrevious) fireEvent(this, "lightbox-step", { step });
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#step(-1),
      ArrowRight: () => this.#step(1),
      Delete: () => fireEvent(this, "picture-delete", null),
      ".": () => fireEvent(this, "picture-favourite", null),
      a: () => fireEvent(this, "picture-restore", null),
      s: () => fireEvent(this, "picture-seed", null),
    };
    const act = actions[event.key] as (() => void) | undefined;
    if (!act) return;
    event.preventDefault();
    act();
  }

  #renderAction(event: PictureEvent, name: IconName, label: string, key?: string): TemplateResult {
    return html`<button
      class="button"
      type="button"
      title=${key ? `${label} (${key})` : label}
      @click=${() => fireEvent(this, event, null)}
    >
      ${icon(name)} ${label}
    </button>`;
  }

  #renderMetadata(): TemplateResult {
    const { picture } = this;
    const { parameters } = parseInfotext(picture.infotext);
    const made = new Date(picture.addedAt).toLocaleString();
    const rows = [
      ...parameters,
      ...(picture.lineage ? [[msg("Enlarged from"), picture.lineage.sourceName] as const] : []),
      [msg("Added"), made],
      [msg("File size"), formatBytes(picture.bytes)],
    ] as const;
    return html`
      <h2>${msg("Prompt")}</h2>
      <p class="text">${picture.prompt || html`<span class="quiet">${msg("none")}</span>`}</p>
      ${
        picture.negativePrompt
          ? html`<h2>${msg("Negative prompt")}</h2>
              <p class="text">${picture.negativePrompt}</p>`
          : nothing
      }
      <dl>
        ${rows.map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
      </dl>
    `;
  }

  #renderActions(): TemplateResult {
    const { favourite } = this.picture;
    return html`<div class="actions">
      <button class="button primary" type="button" @click=${() => fireEvent(this, "picture-restore", null)}>
        ${icon("restore")} ${msg("Restore all parameters")}
      </button>
      ${this.#renderAction("picture-seed", "recycle", msg("Seed only"), "S")}
      ${this.#renderAction(
        "picture-favourite",
        favourite ? "heart-filled" : "heart",
        favourite ? msg("Favourite") : msg("Add to favourites"),
        ".",
      )}
      ${this.#renderAction("picture-download", "download", msg("Download"))}
      ${this.#renderAction("picture-upscale", "enlarge", msg("Upscale"))}
      ${this.#renderAction("picture-copy", "copy", msg("Copy parameters"))}
      ${this.#renderAction("picture-delete", "trash", msg("Delete"), "Del")}
    </div>`;
  }

  #renderStep(step: 1 | -1, label: string): TemplateResult {
    return html`<button
      class="button plain square step ${step === 1 ? "next" : "previous"}"
      type="button"
      aria-label=${label}
      ?hidden=${step === 1 ? !this.hasNext : !this.hasPrevious}
      @click=${() => this.#step(step)}
    >
      ${icon(step === 1 ? "chevron-right" : "chevron-left")}
    </button>`;
  }

  override render(): TemplateResult {
    const { picture } = this;
    return html`<dialog
      aria-label=${msg("Picture")}
      @keydown=${this.#key}
      @close=${() => fireEvent(this, "lightbox-close", null)}
    >
      <div class="stage">
        <kiln-picture-stage
          .src=${this.src}
          .alt=${picture.prompt}
          .width=${picture.width}
          .height=${picture.height}
        >
          ${
            this.missing
              ? html`<p class="gone">${msg("This picture's file is no longer on this device.")}</p>`
              : nothing
          }
        </kiln-picture-stage>
        ${this.#renderStep(-1, msg("Previous picture"))} ${this.#renderStep(1, msg("Next picture"))}
      </div>
      <aside>${this.#renderActions()} ${this.#renderMetadata()}</aside>
      <button
        class="button square close"
        type="button"
        aria-label=${msg("Close")}
        title=${msg("Close (Esc)")}
        @click=${() => this.dialog.close()}
      >
        ${icon("x")}
      </button>
    </dialog>`;
  }
}
