// The picture of a model, or a quiet stand-in that says its kind. Blurs what is above the allowed level.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ModelType } from "../../protocol/model-manifest.ts";
import { PictureUrl } from "../controllers/picture-url.ts";
import { icon, type IconName } from "../icons.ts";
import { typeName } from "../model-names.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-model-preview": ModelPreview;
  }
}

const TYPE_ICONS: Readonly<Partial<Record<ModelType, IconName>>> = {
  checkpoint: "flame",
  lora: "settings",
  embedding: "keyboard",
  vae: "fit",
  upscaler: "arrow-up",
};

@customElement("kiln-model-preview")
export class ModelPreview extends LitElement {
  static override styles = [
    controlStyles,
    css`
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
        object-position: 50% 25%;
      }
      :host([blurred]) img {
        filter: blur(22px);
        transform: scale(1.15);
      }
      .none {
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 6px;
        height: 100%;
        color: var(--kiln-quiet);
        font-size: 13px;
      }
      .none .icon {
        width: 34px;
        height: 34px;
        opacity: 0.55;
      }
    `,
  ];

  @property() modelId = "";
  /** Changes whenever the picture may have changed; empty when there is none. */
  @property() version = "";
  /** Address of a picture that comes with the app, shown where there is no other. */
  @property() shipped = "";
  @property() type: ModelType = "checkpoint";
  @property({ type: Boolean, reflect: true }) blurred = false;
  @property({ attribute: false }) open: (id: string) => Promise<Blob | undefined> = () =>
    Promise.resolve(undefined);

  readonly #picture = new PictureUrl<string>(this, async () => {
    const picture = await this.open(this.modelId);
    if (!picture) throw new Error(`no preview of ${this.modelId}`);
    return picture;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    // The address was given back on disconnect; virtualised lists take elements out and put them in again.
    this.requestUpdate();
  }

  override willUpdate(): void {
    this.#picture.show(this.version === "" ? undefined : `${this.modelId} ${this.version}`);
  }

  override render(): TemplateResult {
    const url = this.#picture.url ?? (this.version === "" && this.shipped !== "" ? this.shipped : undefined);
    return url === undefined
      ? html`<div class="none" aria-hidden="true">
          ${icon(TYPE_ICONS[this.type] ?? "models")}<span>${typeName(this.type)}</span>
        </div>`
      : html`<img src=${url} alt="" draggable="false" decoding="async" />`;
  }
}
