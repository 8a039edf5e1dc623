// A small stored picture that opens its file when it comes on screen. Gets the way to open files as a property.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { PictureUrl } from "../controllers/picture-url.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-stored-picture": StoredPicture;
  }
}

@customElement("kiln-stored-picture")
export class StoredPicture extends LitElement {
  static override styles = css`
    :host {
      display: block;
      background: var(--kiln-hover);
      overflow: hidden;
    }
    img {
      display: block;
      width: 100%;
      height: 100%;
      object-fit: cover;
    }
  `;

  @property({ attribute: false }) pictureId?: number;
  @property({ attribute: false }) open: (id: number) => Promise<Blob> = () =>
    Promise.reject(new Error("kiln-stored-picture was given no way to open files"));
  @property() alt = "";

  readonly #picture = new PictureUrl(this, (id) => this.open(id));

  override connectedCallback(): void {
    super.connectedCallback();
    // The address was given back on disconnect; virtualised lists take elements out and put them in again.
    this.requestUpdate();
  }

  override willUpdate(): void {
    this.#picture.show(this.pictureId);
  }

  override render(): TemplateResult {
    const { url } = this.#picture;
    return url === undefined
      ? html`<div role="img" aria-label=${this.alt}></div>`
      : html`<img src=${url} alt=${this.alt} draggable="false" decoding="async" />`;
  }
}
