// The head of a sheet, a dialog at the side of the page: its title and the button that closes it. Markup only; styles are the sheet's.

import { msg } from "@lit/localize";
import { html, type TemplateResult } from "lit";
import { icon } from "../icons.ts";

/** `close` and not the dialog: in the first rendering there is none yet. */
export function closeButton(close: () => void): TemplateResult {
  return html`<button class="button plain square" type="button" aria-label=${msg("Close")} @click=${close}>
    ${icon("x")}
  </button>`;
}

export function sheetHead(title: string, close: () => void): TemplateResult {
  return html`<div class="sheet-head">
    <h2>${title}</h2>
    ${closeButton(close)}
  </div>`;
}
