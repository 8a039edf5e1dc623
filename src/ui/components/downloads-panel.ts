// Every download of the queue, in order, with what can be done with all of them. Passes on what its rows say.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Download, DownloadProgress } from "../../protocol/downloads-api.ts";
import { fireEvent } from "../fire-event.ts";
import { controlStyles } from "../styles/controls.ts";
import "./download-row.ts";

declare global {
  interface KilnEvents {
    "downloads-clear": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-downloads-panel": DownloadsPanel;
  }
}

/** @event downloads-clear - finished entries off the list */
@localized()
@customElement("kiln-downloads-panel")
export class DownloadsPanel extends LitElement {
  static override styles = [
    controlStyles,
    css`
      section {
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-panel);
        overflow: hidden;
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        min-height: var(--kiln-target);
        padding: 4px 8px 4px 16px;
      }
      h2 {
        margin: 0;
        font-size: 15px;
        font-weight: 600;
      }
      ul {
        max-height: 360px;
        margin: 0;
        padding: 0;
        overflow-y: auto;
        list-style: none;
      }
      li {
        border-top: 1px solid var(--kiln-line);
      }
    `,
  ];

  @property({ attribute: false }) downloads: readonly Download[] = [];
  @property({ attribute: false }) progress: ReadonlyMap<string, DownloadProgress> = new Map();

  override render(): TemplateResult | typeof nothing {
    const { downloads } = this;
    if (downloads.length === 0) return nothing;
    const active = downloads.filter(({ state }) => state !== "done").length;
    return html`<section aria-label=${msg("Downloads")}>
      <div class="head">
        <h2>${active === 0 ? msg("Downloads") : msg(str`Downloads (${active})`)}</h2>
        ${
          active < downloads.length
            ? html`<button
                class="button plain"
                type="button"
                @click=${() => fireEvent(this, "downloads-clear", null)}
              >
                ${msg("Clear finished")}
              </button>`
            : nothing
        }
      </div>
      <ul aria-label=${msg("Download queue")}>
        ${repeat(
          downloads,
          ({ id }) => id,
          (download, i) =>
            html`<li>
              <kiln-download-row
                .download=${download}
                .progress=${this.progress.get(download.id)}
                ?first=${i === 0}
                ?last=${i === downloads.length - 1}
              ></kiln-download-row>
            </li>`,
        )}
      </ul>
    </section>`;
  }
}
