// A failure as the user meets it: a sentence, what was kept, and the one button that helps. Decides nothing.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { SerializedError } from "../../protocol/app-error.ts";
import { explainError } from "../error-text.ts";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "error-dismiss": null;
    "error-action": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-error-note": ErrorNote;
  }
}

/**
 * @event error-action - the one button
 * @event error-dismiss
 */
@localized()
@customElement("kiln-error-note")
export class ErrorNote extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      .note {
        display: flex;
        gap: 10px;
        align-items: flex-start;
        padding: 12px;
        border-radius: var(--kiln-radius);
        background: var(--kiln-danger-soft);
        color: var(--kiln-text);
      }
      .note > .icon {
        margin-top: 2px;
        color: var(--kiln-danger-text);
      }
      .body {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      p {
        margin: 0 0 4px;
      }
      .message {
        font-weight: 600;
      }
      details {
        font-size: 13px;
      }
      summary {
        cursor: pointer;
        min-height: 28px;
        color: var(--kiln-quiet);
      }
      pre {
        margin: 4px 0;
        white-space: pre-wrap;
        font: 12px/1.5 var(--kiln-mono);
      }
      .actions {
        display: flex;
        gap: 8px;
        margin-top: 8px;
      }
    `,
  ];

  @property({ attribute: false }) error?: SerializedError;
  /** What to do next; by the error's name when absent, nothing when empty. */
  @property() advice?: string;
  /** Text of the one button; none without it. */
  @property() action = "";

  #renderDetails(error: SerializedError): TemplateResult | typeof nothing {
    const facts = Object.entries(error.details ?? {}).filter(([, value]) => value !== undefined);
    if (facts.length === 0) return nothing;
    return html`<details>
      <summary>${msg("Details")}</summary>
      <pre>${[`${error.name}`, ...facts.map(([name, value]) => `${name}: ${String(value)}`)].join("\n")}</pre>
    </details>`;
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.error) return nothing;
    const advice = this.advice ?? explainError(this.error);
    return html`<div class="note" role="alert">
      ${icon("warning")}
      <div class="body">
        <p class="message">${this.error.message}</p>
        ${advice ? html`<p>${advice}</p>` : nothing} ${this.#renderDetails(this.error)}
        ${
          this.action
            ? html`<div class="actions">
                <button class="button" type="button" @click=${() => fireEvent(this, "error-action", null)}>
                  ${this.action}
                </button>
              </div>`
            : nothing
        }
      </div>
      <button
        class="button plain square"
        type="button"
        aria-label=${msg("Dismiss")}
        @click=${() => fireEvent(this, "error-dismiss", null)}
      >
        ${icon("x")}
      </button>
    </div>`;
  }
}
