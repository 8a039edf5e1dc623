// The question what to do with large model files that were dropped: copy them into the library, or use them where they are.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { formatBytes } from "../format-bytes.ts";
import { controlStyles } from "../styles/controls.ts";
import { sheetStyles } from "./dialog.styles.ts";
import { sheetHead } from "./sheet-head.ts";

declare global {
  interface KilnEvents {
    "copy-or-link": { readonly choice: "copy" | "link" | "neither" };
  }
  interface HTMLElementTagNameMap {
    "kiln-copy-or-link": CopyOrLink;
  }
}

/** @event copy-or-link - once */
@localized()
@customElement("kiln-copy-or-link")
export class CopyOrLink extends LitElement {
  static override styles = [
    controlStyles,
    sheetStyles,
    css`
      dialog {
        width: min(520px, calc(100vw - 24px));
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        justify-content: space-between;
        gap: 12px;
        padding: 6px 0;
        overflow-wrap: anywhere;
      }
      .choices {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(200px, 1fr));
        gap: 12px;
      }
      .choice {
        display: grid;
        gap: 4px;
        justify-items: start;
        height: auto;
        padding: 14px;
        text-align: start;
        white-space: normal;
      }
      .choice .quiet {
        font-size: 13px;
        font-weight: 400;
      }
    `,
  ];

  @property({ attribute: false }) files: readonly File[] = [];
  @query("dialog") private readonly dialog!: HTMLDialogElement;
  #choice: "copy" | "link" | "neither" = "neither";

  override firstUpdated(): void {
    this.dialog.showModal();
  }

  #choose(choice: "copy" | "link"): void {
    this.#choice = choice;
    this.dialog.close();
  }

  override render(): TemplateResult {
    return html`<dialog
      aria-label=${msg("Add models")}
      @close=${() => fireEvent(this, "copy-or-link", { choice: this.#choice })}
    >
      ${sheetHead(msg("Add models"), () => this.dialog.close())}
      <div class="sheet-body">
        <ul aria-label=${msg("Files")}>
          ${this.files.map(
            ({ name, size }) =>
              html`<li><span>${name}</span><span class="quiet">${formatBytes(size)}</span></li>`,
          )}
        </ul>
        <div class="choices">
          <button class="button choice" type="button" @click=${() => this.#choose("copy")}>
            ${msg("Copy into the library")}
            <span class="quiet"
              >${msg("Takes the space once more; always there, even when the original goes.")}</span
            >
          </button>
          <button class="button choice" type="button" @click=${() => this.#choose("link")}>
            ${msg("Use in place")}
            <span class="quiet"
              >${msg("Takes no space; must stay where it is, and the browser may ask again after a restart.")}</span
            >
          </button>
        </div>
      </div>
    </dialog>`;
  }
}
