// Everything about one model: its picture, words, facts, hashes, description, and the form to change them. Emits what the
// user wants; the page does it.

import "@awesome.me/webawesome/dist/components/details/details.js";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { SerializedError } from "../../protocol/app-error.ts";
import type { LinkedFileState } from "../../protocol/linked-files.ts";
import type { HashKind } from "../../protocol/metadata-api.ts";
import type { ModelHashes } from "../../protocol/model-hashes.ts";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { kindLimit } from "../model-kinds.ts";
import { type LibraryEntry, nameOf } from "../model-filter.ts";
import { controlStyles } from "../styles/controls.ts";
import { sheetStyles } from "./dialog.styles.ts";
import { closeButton } from "./sheet-head.ts";
import "./error-note.ts";
import "./hash-editor.ts";
import "./linked-file.ts";
import { renderModelFacts } from "./model-facts.ts";
import "./model-form.ts";
import "./model-preview.ts";
import "./untrusted-html.ts";

declare global {
  interface KilnEvents {
    "details-close": null;
    "details-versions": null;
    "details-hash": null;
    "preview-change": { readonly picture: Blob | null };
    "preview-gallery": null;
    "words-copy": { readonly words: readonly string[] };
  }
  interface HTMLElementTagNameMap {
    "kiln-model-details": ModelDetails;
  }
}

/**
 * @event details-close
 * @event details-versions - show its versions at Civitai
 * @event details-hash - compute all hashes
 * @event preview-change - another picture, or none
 * @event preview-gallery - a picture of the gallery is to be chosen
 * @event words-copy
 */
@localized()
@customElement("kiln-model-details")
export class ModelDetails extends LitElement {
  static override styles = [
    controlStyles,
    sheetStyles,
    css`
      .top {
        display: grid;
        grid-template-columns: 200px minmax(0, 1fr);
        gap: 20px;
      }
      kiln-model-preview {
        height: 260px;
        border-radius: var(--kiln-radius-large);
      }
      .side {
        display: grid;
        gap: 14px;
        align-content: start;
      }
      wa-details {
        --spacing: 12px;
      }
      .preview .button:not(.square) {
        flex: 1 1 auto;
      }
      .preview {
        display: grid;
        gap: 8px;
        align-content: start;
      }
      @media (max-width: 560px) {
        .top {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  @property({ attribute: false }) entry!: LibraryEntry;
  /** Of a model whose file stays where the user keeps it. */
  @property() link?: LinkedFileState;
  @property({ type: Boolean }) checking = false;
  /** What one picture takes on the device in use. */
  @property({ attribute: false }) memoryBytes = 0;
  /** Text of the Use button; none when there is no use for this kind yet. */
  @property() use = "";
  @property({ type: Boolean }) used = false;
  @property({ type: Boolean }) blurred = false;
  @property({ type: Boolean }) fetching = false;
  @property({ type: Boolean }) hashing = false;
  @property({ attribute: false }) hashes?: ModelHashes;
  @property({ attribute: false }) error?: SerializedError;
  @property({ attribute: false }) openPreview: (id: string) => Promise<Blob | undefined> = () =>
    Promise.resolve(undefined);
  @property({ attribute: false }) saveHash: (kind: HashKind, value: string) => Promise<void> = () =>
    Promise.resolve();

  @query("dialog") private readonly dialog!: HTMLDialogElement;
  @query("input[type=file]") private readonly picker!: HTMLInputElement;

  override firstUpdated(): void {
    this.dialog.showModal();
  }

  #pickPreview(): void {
    const picture = this.picker.files?.[0];
    this.picker.value = "";
    if (picture) fireEvent(this, "preview-change", { picture });
  }

  #renderHead(): TemplateResult {
    const { id } = this.entry.record;
    const favourite = this.entry.metadata?.favourite ?? false;
    const star = favourite ? msg("Remove from favourites") : msg("Add to favourites");
    return html`<div class="sheet-head">
      <h2>${nameOf(this.entry)}</h2>
      <button
        class="button plain square"
        type="button"
        aria-label=${star}
        title=${star}
        aria-pressed=${favourite ? "true" : "false"}
        @click=${() => fireEvent(this, "model-favourite", { id })}
      >
        ${icon(favourite ? "heart-filled" : "heart")}
      </button>
      ${closeButton(() => this.dialog.close())}
    </div>`;
  }

  #renderPreview(): TemplateResult {
    const { record, metadata } = this.entry;
    return html`<div class="preview">
      <kiln-model-preview
        .modelId=${record.id}
        .version=${metadata?.preview_path ? metadata.last_updated : ""}
        .shipped=${record.preview ?? ""}
        .type=${record.type}
        ?blurred=${this.blurred}
        .open=${this.openPreview}
      ></kiln-model-preview>
      <div class="row">
        <button class="button" type="button" @click=${() => this.picker.click()}>
          ${msg("Set picture")}
        </button>
        <button class="button" type="button" @click=${() => fireEvent(this, "preview-gallery", null)}>
          ${msg("From gallery")}
        </button>
        ${
          metadata?.preview_path
            ? html`<button
                class="button plain square"
                type="button"
                aria-label=${msg("Remove the preview")}
                title=${msg("Remove the preview")}
                @click=${() => fireEvent(this, "preview-change", { picture: null })}
              >
                ${icon("trash")}
              </button>`
            : nothing
        }
      </div>
      <input
        type="file"
        hidden
        accept="image/*"
        aria-label=${msg("Preview picture")}
        @change=${() => this.#pickPreview()}
      />
    </div>`;
  }

  #renderWords(words: readonly string[]): TemplateResult | typeof nothing {
    if (words.length === 0) return nothing;
    return html`<section>
      <h3>${msg("Trigger words")}</h3>
      <div class="words">
        ${words.map(
          (word) =>
            html`<button
              class="word"
              type="button"
              title=${msg("Put it into the prompt")}
              @click=${() => fireEvent(this, "trigger-word", { word })}
            >
              ${word}
            </button>`,
        )}
        <button class="button plain" type="button" @click=${() => fireEvent(this, "words-copy", { words })}>
          ${icon("copy")}${msg("Copy all")}
        </button>
      </div>
    </section>`;
  }

  #renderHashes(): TemplateResult {
    const { metadata } = this.entry;
    const { hashes } = this;
    const rows: readonly (readonly [string, string | undefined])[] = hashes
      ? [
          ["SHA-256", hashes.sha256],
          ["AutoV1", hashes.autoV1],
          ["AutoV2", hashes.autoV2],
          ["AutoV3", hashes.autoV3],
          ["CRC32", hashes.crc32],
          ["BLAKE3", hashes.blake3],
          ...Object.entries(hashes.embedded),
        ]
      : [["SHA-256", this.entry.record.sha256]];
    return html`<wa-details summary=${msg("Hashes and lookup")}>
      <div class="side">
        ${
          metadata
            ? html`<kiln-hash-editor
                .metadata=${metadata}
                .save=${this.saveHash}
                ?fetching=${this.fetching}
              ></kiln-hash-editor>`
            : nothing
        }
        <dl>
          ${rows
            .filter(([, value]) => value)
            .map(
              ([name, value]) =>
                html`<dt>${name}</dt>
                  <dd class="mono">${value}</dd>`,
            )}
        </dl>
        ${
          hashes
            ? nothing
            : html`<div>
                <button
                  class="button"
                  type="button"
                  ?disabled=${this.hashing}
                  @click=${() => fireEvent(this, "details-hash", null)}
                >
                  ${this.hashing ? msg("Reading the file…") : msg("Compute all hashes")}
                </button>
              </div>`
        }
      </div>
    </wa-details>`;
  }

  #renderActions(): TemplateResult {
    const { record, metadata } = this.entry;
    return html`<div class="row">
      ${
        this.link && this.link !== "ready"
          ? nothing
          : this.use
            ? html`<button
                class="button ${this.used ? "" : "primary"}"
                type="button"
                ?disabled=${this.used}
                @click=${() => fireEvent(this, "model-use", { id: record.id })}
              >
                ${this.used ? html`${icon("check")}${msg("In use")}` : this.use}
              </button>`
            : html`<span class="quiet">${kindLimit(record)}</span>`
      }
      <button
        class="button"
        type="button"
        ?disabled=${this.fetching}
        @click=${() => fireEvent(this, "hash-fetch", { address: undefined })}
      >
        ${icon("globe")}${this.fetching ? msg("Fetching…") : msg("Fetch metadata")}
      </button>
      ${
        metadata?.civitai_model_id
          ? html`<button
              class="button"
              type="button"
              @click=${() => fireEvent(this, "details-versions", null)}
            >
              ${metadata.newer_version_id ? msg("Newer version") : msg("Versions and licence")}
            </button>`
          : nothing
      }
    </div>`;
  }

  override render(): TemplateResult {
    const { metadata } = this.entry;
    return html`<dialog
      aria-label=${msg(str`Details of ${nameOf(this.entry)}`)}
      @close=${() => fireEvent(this, "details-close", null)}
    >
      ${this.#renderHead()}
      <div class="sheet-body">
        ${this.error ? html`<kiln-error-note .error=${this.error} advice=""></kiln-error-note>` : nothing}
        <div class="top">
          ${this.#renderPreview()}
          <div class="side">
            ${renderModelFacts(this.entry, { link: this.link, memoryBytes: this.memoryBytes })}
            ${this.#renderActions()}
          </div>
        </div>
        ${
          this.link
            ? html`<kiln-linked-file
                .modelId=${this.entry.record.id}
                .state=${this.link}
                ?checking=${this.checking}
              ></kiln-linked-file>`
            : nothing
        }
        ${this.#renderWords(metadata?.trigger_words ?? [])}
        ${
          metadata?.notes
            ? html`<section>
                <h3>${msg("Notes")}</h3>
                <p>${metadata.notes}</p>
              </section>`
            : nothing
        }
        ${
          metadata?.description
            ? html`<section>
                <h3>${msg("Description")}</h3>
                <kiln-untrusted-html .html=${metadata.description}></kiln-untrusted-html>
              </section>`
            : nothing
        }
        ${
          metadata
            ? html`<wa-details summary=${msg("Edit")}>
                <kiln-model-form .metadata=${metadata}></kiln-model-form>
              </wa-details>`
            : nothing
        }
        ${this.#renderHashes()}
      </div>
    </dialog>`;
  }
}
