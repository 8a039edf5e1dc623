// The newest pictures as a narrow strip, to put one back on the stage. Vertical beside the stage, horizontal below it.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { PictureRecord } from "../../gallery/picture-record.ts";
import { fireEvent } from "../fire-event.ts";
import { controlStyles } from "../styles/controls.ts";
import "./stored-picture.ts";

declare global {
  interface KilnEvents {
    "picture-select": { readonly picture: PictureRecord };
  }
  interface HTMLElementTagNameMap {
    "kiln-film-strip": FilmStrip;
  }
}

/** @event picture-select */
@localized()
@customElement("kiln-film-strip")
export class FilmStrip extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(84px, 1fr));
        gap: 8px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      :host([horizontal]) ul {
        display: flex;
        overflow-x: auto;
        padding: 4px;
      }
      button {
        display: block;
        width: 100%;
        padding: 0;
        border: 2px solid transparent;
        border-radius: var(--kiln-radius);
        background: none;
        cursor: pointer;
        overflow: hidden;
      }
      :host([horizontal]) button {
        width: 64px;
      }
      button[aria-current="true"] {
        border-color: var(--kiln-accent-text);
      }
      kiln-stored-picture {
        aspect-ratio: 1;
        border-radius: 5px;
      }
    `,
  ];

  @property({ attribute: false }) pictures: readonly PictureRecord[] = [];
  @property({ attribute: false }) current?: number;
  @property({ attribute: false }) open!: (id: number) => Promise<Blob>;
  @property({ type: Boolean, reflect: true }) horizontal = false;

  override render(): TemplateResult {
    return html`<ul aria-label=${msg("Latest pictures")}>
      ${repeat(
        this.pictures,
        ({ id }) => id,
        (picture) =>
          html`<li>
            <button
              type="button"
              aria-current=${picture.id === this.current ? "true" : "false"}
              @click=${() => fireEvent(this, "picture-select", { picture })}
            >
              <kiln-stored-picture
                .pictureId=${picture.id}
                .open=${this.open}
                .alt=${picture.prompt || msg("Picture without a prompt")}
              ></kiln-stored-picture>
            </button>
          </li>`,
      )}
    </ul>`;
  }
}
