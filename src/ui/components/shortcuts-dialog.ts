// Lists the table of keys. Loaded when first asked for.

import "@awesome.me/webawesome/dist/components/dialog/dialog.js";
import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { shortcuts } from "../shortcuts.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "shortcuts-close": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-shortcuts-dialog": ShortcutsDialog;
  }
}

/** @event shortcuts-close */
@localized()
@customElement("kiln-shortcuts-dialog")
export class ShortcutsDialog extends LitElement {
  static override styles = [
    controlStyles,
    css`
      wa-dialog {
        --width: 520px;
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 10px 20px;
        margin: 0;
        align-items: baseline;
      }
      dd {
        margin: 0;
      }
      kbd {
        display: inline-block;
        min-width: 26px;
        padding: 2px 7px;
        border: 1px solid var(--kiln-line-strong);
        border-bottom-width: 2px;
        border-radius: 5px;
        font: 13px/1.4 var(--kiln-font);
        text-align: center;
      }
    `,
  ];

  override render(): TemplateResult {
    return html`<wa-dialog
      label=${msg("Keyboard shortcuts")}
      open
      light-dismiss
      @wa-after-hide=${() => fireEvent(this, "shortcuts-close", null)}
    >
      <dl>
        ${shortcuts.map(
          ({ keys, does }) => html`
            <dt>${keys.map((key, i) => html`${i > 0 ? " + " : ""}<kbd>${key}</kbd>`)}</dt>
            <dd>${does()}</dd>
          `,
        )}
      </dl>
    </wa-dialog>`;
  }
}
