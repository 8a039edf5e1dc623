// The stage: the picture as it emerges from its previews, then the finished one; zoomable. Opens no files.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { PanZoom } from "../controllers/pan-zoom.ts";
import { icon } from "../icons.ts";
import type { LatentPreview } from "../../protocol/engine-api.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-picture-stage": PictureStage;
  }
}

/** @slot - shown while there is neither a preview nor a picture */
@localized()
@customElement("kiln-picture-stage")
export class PictureStage extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        position: relative;
        min-height: 0;
        overflow: hidden;
        background: var(--kiln-stage);
        container-type: size;
      }
      .viewport {
        position: absolute;
        inset: 0;
        display: grid;
        place-items: center;
        touch-action: none;
      }
      .viewport.zoomed {
        cursor: grab;
      }
      /* The largest box of the picture's shape inside the stage, with a little air; cqw and cqh are the stage's sides. */
      .frame {
        position: relative;
        aspect-ratio: var(--w) / var(--h);
        width: min(
          calc(100cqw - 2 * var(--air)),
          calc((100cqh - 2 * var(--air)) * var(--w) / var(--h)),
          var(--w) * 4px
        );
        --air: min(28px, 3cqw);
        transform-origin: center;
      }
      .frame > * {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        display: block;
        border-radius: 4px;
      }
      img {
        box-shadow: var(--kiln-shadow);
      }
      img.pixelated {
        image-rendering: pixelated;
      }
      .waiting {
        background: linear-gradient(
          100deg,
          var(--kiln-line) 30%,
          var(--kiln-hover) 50%,
          var(--kiln-line) 70%
        );
        background-size: 300% 100%;
        animation: wait 2.2s linear infinite;
        opacity: 0.55;
      }
      @keyframes wait {
        from {
          background-position: 100% 0;
        }
        to {
          background-position: -50% 0;
        }
      }
      .tools {
        position: absolute;
        right: 12px;
        bottom: 12px;
      }
      .empty {
        position: absolute;
        inset: 0;
        overflow: auto;
      }
    `,
  ];

  @property({ attribute: false }) preview?: LatentPreview;
  /** A picture is being made, whether or not there is a preview yet. */
  @property({ type: Boolean }) busy = false;
  @property() src?: string;
  @property() alt = "";
  /** Pixels of the picture on the stage or being made. */
  @property({ type: Number }) width = 256;
  @property({ type: Number }) height = 256;

  @query(".viewport") private readonly viewport?: HTMLElement;
  @query("canvas") private readonly canvas?: HTMLCanvasElement;
  @state() private scale = 1;

  #panZoom?: PanZoom;
  #transform = "";

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#panZoom?.dispose();
    this.#panZoom = undefined;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("src") || changed.has("busy")) this.#panZoom?.fit();
  }

  override updated(): void {
    if (!this.#panZoom && this.viewport) {
      this.#panZoom = new PanZoom(this.viewport, ({ scale, x, y }) => {
        this.#transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
        this.scale = scale;
        this.requestUpdate();
      });
    }
    this.#drawPreview();
  }

  fit(): void {
    this.#panZoom?.fit();
  }

  #drawPreview(): void {
    const { canvas, preview } = this;
    if (!canvas || !preview) return;
    // As many pixels as the latents have: scaling up is the browser's, and smooth.
    if (canvas.width !== preview.width) canvas.width = preview.width;
    if (canvas.height !== preview.height) canvas.height = preview.height;
    canvas.getContext("2d")?.putImageData(new ImageData(preview.pixels, preview.width, preview.height), 0, 0);
  }

  #renderContent(): TemplateResult | typeof nothing {
    if (this.busy && this.preview) {
      return html`<canvas role="img" aria-label=${msg("Preview of the picture being made")}></canvas>`;
    }
    if (this.busy) return html`<div class="waiting"></div>`;
    if (this.src === undefined) return nothing;
    return html`<img
      class=${this.scale >= 4 ? "pixelated" : ""}
      src=${this.src}
      alt=${this.alt}
      draggable="false"
    />`;
  }

  override render(): TemplateResult {
    const content = this.#renderContent();
    if (content === nothing) return html`<div class="empty"><slot></slot></div>`;
    const frame = { "--w": String(this.width), "--h": String(this.height), transform: this.#transform };
    return html`
      <div class="viewport ${this.scale > 1 ? "zoomed" : ""}">
        <div class="frame" style=${styleMap(frame)}>${content}</div>
      </div>
      ${
        this.scale > 1
          ? html`<button class="button tools" type="button" @click=${() => this.fit()}>
              ${icon("fit")} ${Math.round(this.scale * 100)}%
            </button>`
          : nothing
      }
    `;
  }
}
