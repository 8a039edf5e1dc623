// Width and height with presets and a swap. Presets follow the model's own size.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { fitNumber, RANGES } from "../recipe.ts";
import { controlStyles } from "../styles/controls.ts";
import "./number-field.ts";

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

declare global {
  interface KilnEvents {
    "size-change": PictureSize;
  }
  interface HTMLElementTagNameMap {
    "kiln-size-fields": SizeFields;
  }
}

// Width and height as multiples of the model's own side: same area, so the same quality and memory; then one larger.
const SHAPES = [
  { name: () => msg("Square"), width: 1, height: 1 },
  { name: () => msg("Portrait"), width: 0.875, height: 1.125 },
  { name: () => msg("Landscape"), width: 1.125, height: 0.875 },
  { name: () => msg("Tall"), width: 0.75, height: 1.25 },
  { name: () => msg("Wide"), width: 1.25, height: 0.75 },
  { name: () => msg("Large"), width: 1.5, height: 1.5 },
] as const;

/** Side of the model's own square on a preset's button, in CSS pixels. */
const OUTLINE = 14;

/** @event size-change - both sides, multiples of 8 */
@localized()
@customElement("kiln-size-fields")
export class SizeFields extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      .presets {
        display: grid;
        grid-template-columns: repeat(6, minmax(var(--kiln-target), 1fr));
        gap: 6px;
        margin-bottom: 8px;
      }
      .preset {
        display: grid;
        place-content: center;
        padding: 0;
        min-width: 0;
      }
      .preset i {
        display: block;
        border: 1.5px solid currentcolor;
        border-radius: 2px;
        opacity: 0.8;
      }
      .sides {
        display: grid;
        grid-template-columns: 1fr auto 1fr;
        gap: 8px;
        align-items: end;
      }
    `,
  ];

  @property({ attribute: false }) size: PictureSize = { width: 256, height: 256 };
  /** The model's own size. */
  @property({ attribute: false }) initial: PictureSize = { width: 256, height: 256 };

  #set(size: PictureSize): void {
    fireEvent(this, "size-change", size);
  }

  #renderPreset(shape: (typeof SHAPES)[number]): TemplateResult {
    const width = fitNumber(this.initial.width * shape.width, RANGES.width, this.size.width);
    const height = fitNumber(this.initial.height * shape.height, RANGES.height, this.size.height);
    const current = width === this.size.width && height === this.size.height;
    const label = `${shape.name()}, ${width} × ${height}`;
    const [w, h] = [shape.width * OUTLINE, shape.height * OUTLINE];
    return html`<button
      class="button preset"
      type="button"
      title=${label}
      aria-label=${label}
      aria-pressed=${current ? "true" : "false"}
      @click=${() => this.#set({ width, height })}
    >
      <i style="width: ${w}px; height: ${h}px"></i>
    </button>`;
  }

  override render(): TemplateResult {
    const { width, height } = this.size;
    return html`
      <div class="presets" role="group" aria-label=${msg("Size presets")}>
        ${SHAPES.map((shape) => this.#renderPreset(shape))}
      </div>
      <div class="sides" @size-paste=${(event: CustomEvent<PictureSize>) => this.#set(event.detail)}>
        <kiln-number-field
          label=${msg("Width")}
          takes-size
          .value=${width}
          .initial=${this.initial.width}
          .range=${RANGES.width}
          @number-change=${(event: CustomEvent<{ value: number }>) => this.#set({ width: event.detail.value, height })}
        ></kiln-number-field>
        <button
          class="button square"
          type="button"
          aria-label=${msg("Swap sides")}
          title=${msg("Swap sides")}
          @click=${() => this.#set({ width: height, height: width })}
        >
          ${icon("swap")}
        </button>
        <kiln-number-field
          label=${msg("Height")}
          takes-size
          .value=${height}
          .initial=${this.initial.height}
          .range=${RANGES.height}
          @number-change=${(event: CustomEvent<{ value: number }>) => this.#set({ width, height: event.detail.value })}
        ></kiln-number-field>
      </div>
    `;
  }
}
