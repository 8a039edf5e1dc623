// What the empty stage shows: one sentence and prompts to start from.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-example-prompts": ExamplePrompts;
  }
}

// Not translated: the embedded model was trained on English.
const EXAMPLES = [
  "a red lighthouse by the sea at sunset",
  "a small cabin in a snowy forest at night, stars in the sky",
  "two sailing boats on a calm lake, mountains behind",
  "a green meadow with yellow flowers and a big tree, sunny day",
  "a hot air balloon above green hills in the morning",
  "a house with a blue roof on a hill, rainy day, watercolor",
] as const;

/**
 * @slot - below the examples
 * @event prompt-change - an example was chosen
 */
@localized()
@customElement("kiln-example-prompts")
export class ExamplePrompts extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        place-content: safe center;
        min-height: 100%;
        padding: 24px 20px;
        text-align: center;
      }
      .flame {
        justify-self: center;
        color: var(--kiln-accent-text);
      }
      .flame .icon {
        width: 44px;
        height: 44px;
      }
      h2 {
        margin: 12px 0 4px;
        font-size: 22px;
        font-weight: 600;
        letter-spacing: -0.01em;
      }
      p {
        max-width: 46ch;
        margin: 0 auto 18px;
      }
      ul {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: 8px;
        max-width: 620px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .chip {
        white-space: normal;
        text-align: start;
        font-weight: 400;
        font-size: 14px;
        line-height: 1.3;
        border-radius: 20px;
        padding-block: 8px;
      }
    `,
  ];

  override render(): TemplateResult {
    return html`
      <div class="flame">${icon("flame")}</div>
      <h2>${msg("What should it look like?")}</h2>
      <p class="quiet">
        ${msg("Write it in your own words, or start from one of these. Everything happens on this device.")}
      </p>
      <ul aria-label=${msg("Example prompts")}>
        ${EXAMPLES.map(
          (example) =>
            html`<li>
              <button
                class="button chip"
                type="button"
                lang="en"
                @click=${() => fireEvent(this, "prompt-change", { value: example })}
              >
                ${example}
              </button>
            </li>`,
        )}
      </ul>
      <slot></slot>
    `;
  }
}
