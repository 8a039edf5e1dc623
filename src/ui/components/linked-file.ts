// What a model in a file of the user's own is like just now, and what helps when it cannot be read. Touches no file itself.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { LinkedFileState } from "../../protocol/linked-files.ts";
import { fireEvent } from "../fire-event.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "link-renew": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-linked-file": LinkedFileSection;
  }
}

/**
 * @event link-allow
 * @event link-check
 * @event link-renew - the changed file is to be a model of its own
 */
@localized()
@customElement("kiln-linked-file")
export class LinkedFileSection extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: center;
      }
    `,
  ];

  @property() modelId = "";
  @property() state: LinkedFileState = "ready";
  /** A file is being read to see whether it is the same. */
  @property({ type: Boolean }) checking = false;

  override render(): TemplateResult {
    const { modelId, state } = this;
    const check = html`<button
      class="button"
      type="button"
      ?disabled=${this.checking}
      @click=${() => fireEvent(this, "link-check", { id: modelId })}
    >
      ${this.checking ? msg("Reading the file…") : msg("Check file")}
    </button>`;
    const parts: Readonly<Record<LinkedFileState, readonly [string, unknown]>> = {
      ready: [
        msg(
          "Kiln reads this file where you keep it. Removing the model here only forgets it; the file stays.",
        ),
        check,
      ],
      ask: [
        msg("The browser has locked the file again, as it may after a restart."),
        html`<button
          class="button primary"
          type="button"
          @click=${() => fireEvent(this, "link-allow", { id: modelId })}
        >
          ${msg("Allow reading")}
        </button>`,
      ],
      missing: [
        msg(
          "The file is not where it was. Put it back, add it from its new place, or remove the model here.",
        ),
        nothing,
      ],
      changed: [
        msg(
          "The file has another size or date than when it was added. Check whether it is still the same model, or take it as a new one.",
        ),
        html`${check}
          <button class="button" type="button" @click=${() => fireEvent(this, "link-renew", null)}>
            ${msg("Take as a new model")}
          </button>`,
      ],
    };
    const [text, actions] = parts[state];
    return html`<section aria-label=${msg("File in place")}>
      <p>${text}</p>
      <div class="row">${actions}</div>
    </section>`;
  }
}
