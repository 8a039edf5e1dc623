// Metadata of the whole library: export and import as one file, lookups of what is missing, newer versions, duplicates.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import {
  type DuplicateGroup,
  type MetadataSummary,
  SIDECAR_FORMATS,
  type SidecarFormat,
} from "../../protocol/metadata-api.ts";
import { type App, appContext } from "../app.ts";
import "../components/error-note.ts";
import "../components/select-field.ts";
import type { MetadataTask } from "../controllers/metadata-controller.ts";
import { Watch } from "../controllers/observable.ts";
import { downloadBlob } from "../download.ts";
import type { KilnEvent } from "../fire-event.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon } from "../icons.ts";
import { joinEntries, nameOf } from "../model-filter.ts";
import { offerRemoval } from "../model-use.ts";
import { controlStyles } from "../styles/controls.ts";
import { cardHostStyles, pageStyles } from "./page.styles.ts";
import { rowListStyles } from "./row-list.styles.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-metadata-card": MetadataCard;
  }
}

const FORMAT_NAMES: Readonly<Record<SidecarFormat, () => string>> = {
  kiln: () => "Kiln",
  "civitai-helper": () => "Civitai Helper",
  "lora-manager": () => "LoRA Manager",
  "stability-matrix": () => "Stability Matrix",
  a1111: () => msg("A1111 web UI"),
};

@localized()
@customElement("kiln-metadata-card")
export class MetadataCard extends LitElement {
  static override styles = [
    controlStyles,
    pageStyles,
    cardHostStyles,
    rowListStyles,
    css`
      .format {
        max-width: 420px;
        margin-top: 12px;
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private duplicates?: readonly DuplicateGroup[];
  @state() private plannedFiles?: readonly File[];
  @state() private error?: SerializedError;
  @query("input[type=file]") private readonly picker!: HTMLInputElement;

  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #metadata = new Watch(this, () => this.app.metadata.state);

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.error = serializeError(error);
    }
  }

  #findDuplicates(): Promise<void> {
    return this.#attempt(async () => void (this.duplicates = await this.app.metadata.duplicates()));
  }

  #exportAll(): Promise<void> {
    return this.#attempt(async () => downloadBlob(await this.app.metadata.exportAll()));
  }

  async #run(task: MetadataTask): Promise<void> {
    const summary = await this.app.metadata.run(task);
    if (summary) this.app.toasts.show(describeSummary(task, summary));
  }

  async #planImport(): Promise<void> {
    const files = [...(this.picker.files ?? [])];
    this.picker.value = "";
    await import("./merge-sheet.ts");
    if (files.length > 0) this.plannedFiles = files;
  }

  #renderDuplicates({ reason, ids }: DuplicateGroup): TemplateResult | typeof nothing {
    const { models, hidden } = this.#models.value;
    const { byId } = this.#metadata.value;
    const entries = joinEntries(
      models.filter(({ id }) => ids.includes(id) && !hidden.includes(id)),
      byId,
    );
    if (entries.length < 2) return nothing; // the others were removed since
    const what = reason === "same-file" ? msg("The same file") : msg("The same version at Civitai");
    return html`<p>${what}:</p>
      <ul class="list" aria-label=${what}>
        ${entries.map(
          (entry) =>
            html`<li>
              <span>${nameOf(entry)} <span class="quiet">${entry.record.fileName}</span></span>
              <span class="quiet">${formatBytes(entry.record.bytes)}</span>
              ${
                entry.record.origin === "imported"
                  ? html`<button class="button" type="button" @click=${() => offerRemoval(this.app, [entry])}>
                      ${msg("Remove")}
                    </button>`
                  : html`<span class="quiet">${msg("Built in")}</span>`
              }
            </li>`,
        )}
      </ul>`;
  }

  override render(): TemplateResult {
    const busy = this.#metadata.value.working !== undefined;
    return html`<section class="card">
      <h2>${msg("Metadata")}</h2>
      ${
        this.error
          ? html`<kiln-error-note
              .error=${this.error}
              advice=""
              @error-dismiss=${() => (this.error = undefined)}
            ></kiln-error-note>`
          : nothing
      }
      <p>
        ${msg("Names, trigger words, notes, tags and licences of all models, as one file; and a look at Civitai for what is missing.")}
      </p>
      <div class="row">
        <button class="button" type="button" @click=${() => void this.#exportAll()}>
          ${msg("Export all metadata")}
        </button>
        <button class="button" type="button" @click=${() => this.picker.click()}>
          ${msg("Import metadata")}
        </button>
        <button class="button" type="button" ?disabled=${busy} @click=${() => void this.#run("fetch")}>
          ${msg("Fetch all missing")}
        </button>
        <button class="button" type="button" ?disabled=${busy} @click=${() => void this.#run("updates")}>
          ${msg("Look for newer versions")}
        </button>
        <button class="button" type="button" @click=${() => void this.#findDuplicates()}>
          ${msg("Find duplicates")}
        </button>
      </div>
      <kiln-select-field
        class="format"
        label=${msg("Metadata files of single models are written for")}
        .value=${this.app.settings.get("sidecarFormat")}
        .options=${SIDECAR_FORMATS.map((format) => ({ value: format, label: FORMAT_NAMES[format]() }))}
        @select-change=${({ detail }: KilnEvent<"select-change">) =>
          void this.app.settings
            .set("sidecarFormat", detail.value as SidecarFormat)
            .then(() => this.requestUpdate())}
      ></kiln-select-field>
      <input
        type="file"
        hidden
        multiple
        accept=".json,.info"
        aria-label=${msg("Metadata file")}
        @change=${() => void this.#planImport()}
      />
      ${
        this.duplicates?.length === 0
          ? html`<p class="good" role="status">${icon("check")}${msg("There are no duplicates.")}</p>`
          : nothing
      }
      ${this.duplicates?.map((group) => this.#renderDuplicates(group))}
      ${
        this.plannedFiles
          ? html`<kiln-merge-sheet
              .files=${this.plannedFiles}
              @merge-close=${() => (this.plannedFiles = undefined)}
            ></kiln-merge-sheet>`
          : nothing
      }
    </section>`;
  }
}

function describeSummary(task: MetadataTask, { found, unknown, failed }: MetadataSummary): string {
  const news =
    task === "fetch"
      ? msg(str`Described: ${found.length}, unknown to Civitai: ${unknown.length}`)
      : msg(str`Newer versions: ${found.length}`);
  return failed.length === 0 ? `${news}.` : msg(str`${news}, failed: ${failed.length}.`);
}
