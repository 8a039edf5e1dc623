// A bar of how much of a whole is used, in named parts. Numbers come in; words and widths go out.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { formatBytes } from "../format-bytes.ts";

export interface MeterPart {
  readonly name: string;
  readonly bytes: number;
}

declare global {
  interface HTMLElementTagNameMap {
    "kiln-byte-meter": ByteMeter;
  }
}

// Told apart by lightness as much as by hue; the words below carry the figures.
const COLOURS = [
  "var(--kiln-accent)",
  "var(--kiln-quiet)",
  "var(--kiln-line-strong)",
  "color-mix(in oklab, var(--kiln-accent) 45%, var(--kiln-panel))",
  "var(--kiln-good-text)",
  "color-mix(in oklab, var(--kiln-good-text) 45%, var(--kiln-panel))",
  "var(--kiln-text)",
  "color-mix(in oklab, var(--kiln-quiet) 45%, var(--kiln-panel))",
] as const;

@customElement("kiln-byte-meter")
export class ByteMeter extends LitElement {
  static override styles = css`
    .bar {
      display: flex;
      height: 12px;
      border-radius: 6px;
      overflow: hidden;
      background: var(--kiln-line);
    }
    .bar i {
      min-width: 2px;
    }
    ul {
      display: flex;
      flex-wrap: wrap;
      gap: 4px 18px;
      margin: 8px 0 12px;
      padding: 0;
      list-style: none;
      font-size: 14px;
    }
    .dot {
      display: inline-block;
      width: 10px;
      height: 10px;
      margin-right: 6px;
      border-radius: 3px;
    }
  `;

  @property({ attribute: false }) parts: readonly MeterPart[] = [];
  @property({ type: Number }) total = 0;

  override render(): TemplateResult {
    const total = Math.max(this.total, 1);
    const shown = this.parts.map((part, i) => ({ ...part, colour: COLOURS[i % COLOURS.length] }));
    return html`
      <div class="bar" aria-hidden="true">
        ${shown
          .filter(({ bytes }) => bytes > 0)
          .map(({ bytes, colour }) => {
            const width = `${(100 * bytes) / total}%`;
            return html`<i style=${styleMap({ width, background: colour })}></i>`;
          })}
      </div>
      <ul>
        ${shown.map(
          ({ name, bytes, colour }) =>
            html`<li>
              <span class="dot" style=${styleMap({ background: colour })}></span>${name}:
              ${formatBytes(bytes)}
            </li>`,
        )}
      </ul>
    `;
  }
}
