// What can be done with the chosen models at once. Counts and asks; the page does it.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { icon, type IconName } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

export type BatchAction = "all" | "favourite" | "fetch" | "hash" | "export" | "remove";

declare global {
  interface KilnEvents {
    "batch-action": { readonly action: BatchAction };
    "batch-end": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-batch-bar": BatchBar;
  }
}

const ACTIONS: readonly {
  readonly action: BatchAction;
  readonly icon: IconName;
  readonly name: () => string;
}[] = [
  { action: "favourite", icon: "heart", name: () => msg("Favourite") },
  { action: "fetch", icon: "globe", name: () => msg("Fetch metadata") },
  { action: "hash", icon: "chip", name: () => msg("Compute hashes") },
  { action: "export", icon: "download", name: () => msg("Export metadata") },
  { action: "remove", icon: "trash", name: () => msg("Remove") },
];

/**
 * @event batch-action
 * @event batch-end - no longer choosing
 */
@localized()
@customElement("kiln-batch-bar")
export class BatchBar extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: center;
        padding: 8px 10px 8px 16px;
        border: 1px solid var(--kiln-accent);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-accent-soft);
      }
      b {
        margin-right: auto;
        white-space: nowrap;
      }
      @media (max-width: 999px) {
        .word {
          display: none;
        }
      }
    `,
  ];

  @property({ type: Number }) count = 0;

  override render(): TemplateResult {
    return html`
      <b role="status">${this.count === 1 ? msg("1 selected") : msg(str`${this.count} selected`)}</b>
      <button
        class="button plain"
        type="button"
        @click=${() => fireEvent(this, "batch-action", { action: "all" })}
      >
        ${msg("All shown")}
      </button>
      ${ACTIONS.map(
        ({ action, icon: picture, name }) =>
          html`<button
            class="button"
            type="button"
            aria-label=${name()}
            title=${name()}
            ?disabled=${this.count === 0}
            @click=${() => fireEvent(this, "batch-action", { action })}
          >
            ${icon(picture)}<span class="word">${name()}</span>
          </button>`,
      )}
      <button
        class="button plain square"
        type="button"
        aria-label=${msg("End selection")}
        title=${msg("End selection")}
        @click=${() => fireEvent(this, "batch-end", null)}
      >
        ${icon("x")}
      </button>
    `;
  }
}
