// The latest pictures of the gallery, to choose one from. Opens files by the way it is given.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { PictureRecord } from "../../gallery/picture-record.ts";
import { fireEvent } from "../fire-event.ts";
import { controlStyles } from "../styles/controls.ts";
import { sheetStyles } from "./dialog.styles.ts";
import { sheetHead } from "./sheet-head.ts";
import "./stored-picture.ts";

declare global {
  interface KilnEvents {
    "picture-pick": { readonly id: number };
    "picker-close": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-picture-picker": PicturePicker;
  }
}

/**
 * @event picture-pick
 * @event picker-close
 */
@localized()
@customElement("kiln-picture-picker")
export class PicturePicker extends LitElement {
  static override styles = [
    controlStyles,
    sheetStyles,
    css`
      .pictures {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(110px, 1fr));
        gap: 8px;
      }
      .pictures button {
        aspect-ratio: 1;
        padding: 0;
        border: 0;
        border-radius: var(--kiln-radius);
        background: none;
        overflow: hidden;
        cursor: pointer;
      }
      kiln-stored-picture {
        height: 100%;
      }
    `,
  ];

  @property({ attribute: false }) pictures: readonly PictureRecord[] = [];
  @property({ attribute: false }) open: (id: number) => Promise<Blob> = () =>
    Promise.reject(new Error("kiln-picture-picker was given no way to open files"));
  @query("dialog") private readonly dialog!: HTMLDialogElement;

  override firstUpdated(): void {
    this.dialog.showModal();
  }

  override render(): TemplateResult {
    return html`<dialog
      aria-label=${msg("Choose a picture")}
      @close=${() => fireEvent(this, "picker-close", null)}
    >
      ${sheetHead(msg("Choose a picture"), () => this.dialog.close())}
      <div class="sheet-body">
        ${
          this.pictures.length === 0
            ? html`<p class="quiet">${msg("There are no pictures in the gallery yet.")}</p>`
            : html`<div class="pictures">
                ${this.pictures.map(
                  (picture) =>
                    html`<button
                      type="button"
                      aria-label=${picture.prompt || msg("Picture without a prompt")}
                      @click=${() => fireEvent(this, "picture-pick", { id: picture.id })}
                    >
                      <kiln-stored-picture .pictureId=${picture.id} .open=${this.open}></kiln-stored-picture>
                    </button>`,
                )}
              </div>`
        }
      </div>
    </dialog>`;
  }
}
