// Recommended models as a list with a button each. Which are shown is the page's decision; starts nothing itself.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Download } from "../../protocol/downloads-api.ts";
import type { DeviceReport } from "../../protocol/engine-api.ts";
import type { ManifestModel } from "../../protocol/model-manifest.ts";
import { fireEvent } from "../fire-event.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon } from "../icons.ts";
import { memoryOn } from "../memory-need.ts";
import { familyName, precisionName, typeName } from "../model-names.ts";
import { isOwned } from "../owned-hashes.ts";
import { bytesOf, downloadInQueue } from "../recommended-models.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "recommended-download": { readonly model: ManifestModel };
  }
  interface HTMLElementTagNameMap {
    "kiln-recommended-list": RecommendedList;
  }
}

/** @event recommended-download - the user wants this one */
@localized()
@customElement("kiln-recommended-list")
export class RecommendedList extends LitElement {
  static override styles = [
    controlStyles,
    css`
      ul {
        display: grid;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        gap: 10px;
        align-items: center;
        min-height: 48px;
        padding: 6px 8px 6px 0;
        border-top: 1px solid var(--kiln-line);
        font-size: 14px;
      }
      li > span {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .facts {
        display: block;
        font-size: 13px;
      }
    `,
  ];

  @property({ attribute: false }) models: readonly ManifestModel[] = [];
  /** SHA-256 of what is in the library, parts of models too. */
  @property({ attribute: false }) owned: ReadonlySet<string> = new Set();
  @property({ attribute: false }) downloads: readonly Download[] = [];
  /** What pictures are made on, which decides how much memory they take. */
  @property({ attribute: false }) device?: DeviceReport;
  /** With a sentence on what each is for. */
  @property({ type: Boolean }) detailed = false;

  #renderAction(model: ManifestModel): TemplateResult {
    if (isOwned(model.files, this.owned)) return html`<span class="quiet">${msg("In your library")}</span>`;
    const queued = downloadInQueue(model, this.downloads);
    if (queued && queued.state !== "done") return html`<span class="quiet">${msg("In the queue")}</span>`;
    return html`<button
      class="button"
      type="button"
      aria-label=${msg(str`Download ${model.name}`)}
      @click=${() => fireEvent(this, "recommended-download", { model })}
    >
      ${icon("download")}${msg("Download")}
    </button>`;
  }

  #renderRow(model: ManifestModel): TemplateResult {
    const { name, type, family, dtype, license, needs, description } = model;
    const facts = [
      typeName(type),
      ...(family === "" ? [] : [familyName(family)]),
      precisionName(dtype),
      formatBytes(bytesOf(model)),
      license,
      // What is used beside a checkpoint adds its own weights and little else.
      ...(type === "checkpoint"
        ? [msg(str`needs ${formatBytes(memoryOn(this.device, needs))} of memory`)]
        : []),
    ];
    return html`<li>
      <span>
        <b>${name}</b>
        ${this.detailed ? html`<span class="facts">${description}</span>` : ""}
        <span class="facts quiet">${facts.join(" · ")}</span>
      </span>
      ${this.#renderAction(model)}
    </li>`;
  }

  override render(): TemplateResult {
    return html`<ul aria-label=${msg("Recommended models")}>
      ${this.models.map((model) => this.#renderRow(model))}
    </ul>`;
  }
}
