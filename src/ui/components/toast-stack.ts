// Draws the toasts at the lower edge. Their lifetime belongs to the toast controller.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { Watch } from "../controllers/observable.ts";
import type { Toast, ToastController } from "../controllers/toast-controller.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-toast-stack": ToastStack;
  }
}

@localized()
@customElement("kiln-toast-stack")
export class ToastStack extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        position: fixed;
        left: 50%;
        bottom: 24px;
        transform: translateX(-50%);
        display: grid;
        gap: 8px;
        justify-items: center;
        width: min(92vw, 460px);
        pointer-events: none;
        z-index: 10;
      }
      /* Above the pages' links and the Generate button. */
      @media (max-width: 999px) {
        :host {
          bottom: calc(76px + env(safe-area-inset-bottom));
        }
      }
      .toast {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 4px 4px 4px 16px;
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-text);
        color: var(--kiln-ground);
        box-shadow: var(--kiln-shadow);
        pointer-events: auto;
      }
      .button {
        color: inherit;
      }
      .button.plain:hover:not(:disabled) {
        background: color-mix(in oklab, currentcolor 18%, transparent);
      }
      .act {
        font-weight: 650;
        text-decoration: underline;
      }
    `,
  ];

  @property({ attribute: false }) toasts!: ToastController;

  readonly #shown = new Watch(this, () => this.toasts.toasts);

  #renderToast({ id, message, action }: Toast): TemplateResult {
    return html`<div class="toast">
      <span>${message}</span>
      ${
        action
          ? html`<button class="button plain act" type="button" @click=${() => void this.toasts.act(id)}>
              ${action.label}
            </button>`
          : nothing
      }
      <button
        class="button plain square"
        type="button"
        aria-label=${msg("Dismiss")}
        @click=${() => this.toasts.dismiss(id)}
      >
        ${icon("x")}
      </button>
    </div>`;
  }

  override render(): TemplateResult {
    return html`<div role="status">
      ${repeat(
        this.#shown.value,
        ({ id }) => id,
        (toast) => this.#renderToast(toast),
      )}
    </div>`;
  }
}
