// A picture before and after, one on each side of a line that is dragged or moved with the arrow keys. Opens no files.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-compare-slider": CompareSlider;
  }
}

const MIDDLE = 50;

@localized()
@customElement("kiln-compare-slider")
export class CompareSlider extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      .scroll {
        display: grid;
        justify-content: safe center;
        max-height: 70vh;
        overflow: auto;
        border-radius: var(--kiln-radius);
        background: var(--kiln-stage);
      }
      .frame {
        position: relative;
        aspect-ratio: var(--w) / var(--h);
        width: min(100cqw, 70vh * var(--w) / var(--h));
      }
      .frame.actual {
        width: calc(var(--w) * 1px);
      }
      .box {
        container-type: inline-size;
      }
      img {
        position: absolute;
        inset: 0;
        display: block;
        width: 100%;
        height: 100%;
      }
      .before {
        clip-path: inset(0 calc(100% - var(--at)) 0 0);
      }
      .after {
        clip-path: inset(0 0 0 var(--at));
      }
      .line {
        position: absolute;
        inset: 0 auto 0 var(--at);
        width: 2px;
        margin-left: -1px;
        background: white;
        box-shadow: 0 0 4px rgb(0 0 0 / 70%);
        pointer-events: none;
      }
      .line::after {
        content: "";
        position: absolute;
        top: 50%;
        left: 50%;
        width: 28px;
        height: 28px;
        translate: -50% -50%;
        border: 2px solid white;
        border-radius: 50%;
        background: rgb(0 0 0 / 45%);
      }
      /* A range over the whole picture: wherever it is touched, the line goes there. */
      input {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        margin: 0;
        opacity: 0;
        cursor: ew-resize;
        touch-action: pan-y;
      }
      .frame:has(input:focus-visible) {
        outline: 2px solid var(--kiln-focus);
        outline-offset: -2px;
      }
      .side {
        position: absolute;
        bottom: 8px;
        padding: 2px 8px;
        border-radius: 10px;
        background: rgb(0 0 0 / 60%);
        color: white;
        font-size: 12.5px;
        pointer-events: none;
      }
      .side.left {
        left: 8px;
      }
      .side.right {
        right: 8px;
      }
      .tools {
        display: flex;
        justify-content: flex-end;
        margin-top: 8px;
      }
    `,
  ];

  @property() beforeSrc?: string;
  @property() afterSrc?: string;
  @property() alt = "";
  /** Pixels of the picture after. */
  @property({ type: Number }) width = 1;
  @property({ type: Number }) height = 1;

  /** Percent of the width that shows the picture before. */
  @state() private at = MIDDLE;
  @state() private actual = false;

  override render(): TemplateResult {
    const frame = { "--w": String(this.width), "--h": String(this.height), "--at": `${this.at}%` };
    return html`<div class="box">
      <div class="scroll">
        <div class="frame ${this.actual ? "actual" : ""}" style=${styleMap(frame)}>
          <img class="after" src=${this.afterSrc ?? ""} alt=${this.alt} draggable="false" />
          <img class="before" src=${this.beforeSrc ?? ""} alt="" draggable="false" />
          <span class="side left" aria-hidden="true">${msg("Before")}</span>
          <span class="side right" aria-hidden="true">${msg("After")}</span>
          <div class="line"></div>
          <input
            type="range"
            min="0"
            max="100"
            step="1"
            aria-label=${msg("Compare before and after")}
            aria-valuetext=${msg(str`${this.at} percent before`)}
            .value=${String(this.at)}
            @input=${(event: Event) => (this.at = Number((event.target as HTMLInputElement).value))}
          />
        </div>
      </div>
      <div class="tools">
        <button
          class="button"
          type="button"
          aria-pressed=${this.actual ? "true" : "false"}
          @click=${() => (this.actual = !this.actual)}
        >
          ${msg("Actual size")}
        </button>
      </div>
    </div>`;
  }
}
