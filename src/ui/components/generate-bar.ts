// The Generate button, which is also the progress bar, with Skip and Interrupt beside it while a job runs.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import type { JobProgress } from "../controllers/generation-controller.ts";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { describeProgress } from "../progress-text.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    generate: { readonly front: boolean };
    skip: null;
    interrupt: null;
  }
  interface HTMLElementTagNameMap {
    "kiln-generate-bar": GenerateBar;
  }
}

/**
 * @event generate - also while a job runs: one more is queued
 * @event skip
 * @event interrupt
 */
@localized()
@customElement("kiln-generate-bar")
export class GenerateBar extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: flex;
        gap: 8px;
      }
      .generate {
        position: relative;
        flex: 1 1 0;
        min-height: 48px;
        min-width: 0;
        padding: 0 8px;
        overflow: hidden;
        font-variant-numeric: tabular-nums;
      }
      .generate .fill {
        position: absolute;
        inset: 0;
        transform-origin: left;
        background: var(--kiln-accent);
        transition: transform 300ms linear;
      }
      .generate.running {
        background: var(--kiln-accent-soft);
        color: var(--kiln-accent-text);
        border-color: var(--kiln-accent-text);
      }
      .generate.running .fill {
        background: color-mix(in oklab, var(--kiln-accent) 28%, transparent);
      }
      .generate .text {
        position: relative;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .generate.running:hover:not(:disabled) {
        background: var(--kiln-accent-soft);
      }
      .side {
        min-height: 48px;
      }
    `,
  ];

  @property({ attribute: false }) running?: JobProgress;
  @property({ type: Number }) waiting = 0;
  @property({ type: Boolean }) disabled = false;

  #renderControls(): TemplateResult {
    return html`
      <button
        class="button side square"
        type="button"
        aria-label=${msg("Skip")}
        title=${msg("Skip this picture (Alt+Enter)")}
        @click=${() => fireEvent(this, "skip", null)}
      >
        ${icon("skip")}
      </button>
      <button
        class="button side square"
        type="button"
        aria-label=${msg("Interrupt")}
        title=${msg("End this job (Esc)")}
        @click=${() => fireEvent(this, "interrupt", null)}
      >
        ${icon("stop")}
      </button>
    `;
  }

  override render(): TemplateResult {
    const { running } = this;
    // The name stays "Generate" while the face shows progress: pressing it always queues what the form says.
    return html`
      <button
        class="button primary generate ${running ? "running" : ""}"
        type="button"
        aria-label=${msg("Generate")}
        title=${running ? msg("Queue one more (Ctrl+Enter)") : msg("Generate (Ctrl+Enter)")}
        ?disabled=${this.disabled}
        @click=${(event: MouseEvent) => fireEvent(this, "generate", { front: event.shiftKey })}
      >
        ${running ? html`<span class="fill" style=${styleMap({ transform: `scaleX(${running.fraction})` })}></span>` : nothing}
        <span class="text">
          ${running ? describeProgress(running) : msg("Generate")}
          ${this.waiting > 0 ? msg(str`(+${this.waiting})`) : nothing}
        </span>
      </button>
      ${running ? this.#renderControls() : nothing}
    `;
  }
}
