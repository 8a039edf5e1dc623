// The pictures chosen to be enlarged, small, each with a way to take it out again. Enlarges nothing.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { BlobUrl } from "../controllers/blob-url.ts";
import type { ChosenPicture } from "../controllers/upscale-controller.ts";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "picture-unchoose": { readonly key: string };
  }
  interface HTMLElementTagNameMap {
    "kiln-chosen-pictures": ChosenPictures;
    "kiln-blob-picture": BlobPicture;
  }
}

/** Draws a picture that is not stored anywhere. */
@customElement("kiln-blob-picture")
export class BlobPicture extends LitElement {
  static override styles = css`
    :host {
      display: block;
      overflow: hidden;
      background: var(--kiln-hover);
    }
    img {
      display: block;
      width: 100%;
      height: 100%;
      object-fit: cover;
    }
  `;

  @property({ attribute: false }) file?: Blob;
  @property() alt = "";
  readonly #url = new BlobUrl(this);

  override render(): TemplateResult {
    return html`<img src=${this.#url.of(this.file) ?? ""} alt=${this.alt} draggable="false" />`;
  }
}

/** @event picture-unchoose */
@localized()
@customElement("kiln-chosen-pictures")
export class ChosenPictures extends LitElement {
  static override styles = [
    controlStyles,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(96px, 1fr));
        gap: 10px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        position: relative;
        min-width: 0;
      }
      kiln-blob-picture {
        aspect-ratio: 1;
        border-radius: var(--kiln-radius);
      }
      .name {
        overflow: hidden;
        font-size: 12.5px;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .out {
        position: absolute;
        top: 4px;
        right: 4px;
      }
    `,
  ];

  @property({ attribute: false }) pictures: readonly ChosenPicture[] = [];

  override render(): TemplateResult {
    return html`<ul aria-label=${msg("Chosen pictures")}>
      ${repeat(
        this.pictures,
        ({ key }) => key,
        ({ key, file, name }) =>
          html`<li>
            <kiln-blob-picture .file=${file} .alt=${name}></kiln-blob-picture>
            <div class="name" title=${name}>${name}</div>
            <button
              class="button square out"
              type="button"
              aria-label=${msg(str`Take ${name} out`)}
              @click=${() => fireEvent(this, "picture-unchoose", { key })}
            >
              ${icon("x")}
            </button>
          </li>`,
      )}
    </ul>`;
  }
}
