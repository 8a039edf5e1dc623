// One line about work under way, with its bar and, where it can be ended, a way to end it.

import "@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js";
import { localized, msg } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "task-stop": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-task-note": TaskNote;
  }
}

/** @event task-stop */
@localized()
@customElement("kiln-task-note")
export class TaskNote extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 8px 12px;
        align-items: center;
        padding: 12px 16px;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-panel);
      }
      span {
        overflow-wrap: anywhere;
      }
      wa-progress-bar {
        --track-height: 6px;
        grid-column: 1 / -1;
      }
    `,
  ];

  /** Accessible name of the bar. */
  @property() name = "";
  @property() text = "";
  /** 0 to 100. */
  @property({ type: Number }) percent = 0;
  @property({ type: Boolean }) stoppable = false;

  override render(): TemplateResult {
    return html`
      <span>${this.text}</span>
      ${
        this.stoppable
          ? html`<button class="button" type="button" @click=${() => fireEvent(this, "task-stop", null)}>
              ${msg("Stop")}
            </button>`
          : nothing
      }
      <wa-progress-bar value=${Math.floor(this.percent)} label=${this.name}></wa-progress-bar>
    `;
  }
}
