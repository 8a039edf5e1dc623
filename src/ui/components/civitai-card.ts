// One model of the catalogue as a card. Its picture comes from the service, small, and blurred above the allowed level.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { CivitaiModel } from "../../protocol/civitai-api.ts";
import { civitaiPicture } from "../civitai-picture.ts";
import { type ContentLevel, isAbove } from "../content-level.ts";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "civitai-open": { readonly model: CivitaiModel };
  }
  interface HTMLElementTagNameMap {
    "kiln-civitai-card": CivitaiCard;
  }
}

const CARD_PICTURE_WIDTH = 320;

/** @event civitai-open */
@localized()
@customElement("kiln-civitai-card")
export class CivitaiCard extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      button {
        position: relative;
        display: flex;
        flex-direction: column;
        width: 100%;
        height: 100%;
        padding: 0;
        overflow: hidden;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-panel);
        text-align: left;
        cursor: pointer;
      }
      .picture {
        display: grid;
        place-items: center;
        flex: 1;
        width: 100%;
        min-height: 0;
        overflow: hidden;
        background: var(--kiln-hover);
        color: var(--kiln-quiet);
      }
      img {
        width: 100%;
        height: 100%;
        object-fit: cover;
        object-position: 50% 25%;
      }
      .blurred img {
        filter: blur(26px);
        transform: scale(1.2);
      }
      .body {
        width: 100%;
        padding: 10px 12px 12px;
      }
      .name,
      .facts {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .name {
        font-weight: 600;
      }
      .facts {
        color: var(--kiln-quiet);
        font-size: 13px;
      }
      .badge {
        position: absolute;
        left: 8px;
        top: 8px;
        padding: 2px 9px;
        border-radius: 10px;
        background: var(--kiln-raised);
        font-size: 12px;
        font-weight: 550;
      }
    `,
  ];

  @property({ attribute: false }) model!: CivitaiModel;
  @property() allowed: ContentLevel = "PG";
  @property({ type: Boolean }) owned = false;

  override render(): TemplateResult {
    const { model } = this;
    const [version] = model.versions;
    const image = version?.images.at(0);
    const blurred = isAbove(image?.nsfwLevel ?? model.nsfwLevel, this.allowed);
    const downloads = model.downloads;
    const facts = [model.type, version?.baseModel].filter(Boolean).join(" · ");
    const count =
      downloads === undefined
        ? undefined
        : msg(str`${new Intl.NumberFormat(undefined, { notation: "compact" }).format(downloads)} downloads`);
    return html`<button
      type="button"
      aria-label=${msg(str`Open ${model.name}`)}
      @click=${() => fireEvent(this, "civitai-open", { model })}
    >
      <span class="picture ${blurred ? "blurred" : ""}">
        ${
          image
            ? html`<img
                src=${civitaiPicture(image, CARD_PICTURE_WIDTH)}
                alt=""
                loading="lazy"
                decoding="async"
                draggable="false"
                referrerpolicy="no-referrer"
              />`
            : icon("models")
        }
      </span>
      ${this.owned ? html`<span class="badge">${msg("In your library")}</span>` : nothing}
      <span class="body">
        <span class="name">${model.name}</span>
        <span class="facts">${facts}</span>
        <span class="facts">${[model.creator, count].filter(Boolean).join(" · ")}</span>
      </span>
    </button>`;
  }
}
