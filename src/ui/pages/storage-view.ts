// What the library takes up, whether its files are whole, and the way to make room. Connects; the library does the work.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { requestPersistence, type StorageUsage } from "../../gallery/storage-usage.ts";
import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type { CheckProgress, FileProblem, StorageUse } from "../../protocol/library-storage.ts";
import {
  type DuplicateGroup,
  type MetadataSummary,
  SIDECAR_FORMATS,
  type SidecarFormat,
} from "../../protocol/metadata-api.ts";
import type { ModelType } from "../../protocol/model-manifest.ts";
import { type App, appContext } from "../app.ts";
import "../components/byte-meter.ts";
import "../components/error-note.ts";
import "../components/select-field.ts";
import "../components/task-note.ts";
import type { MetadataTask } from "../controllers/metadata-controller.ts";
import { Watch } from "../controllers/observable.ts";
import type { KilnEvent } from "../fire-event.ts";
import { downloadBlob } from "../download.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon } from "../icons.ts";
import { joinEntries, type LibraryEntry, nameOf } from "../model-filter.ts";
import { typeName } from "../model-names.ts";
import { offerRemoval } from "../model-use.ts";
import { controlStyles } from "../styles/controls.ts";
import { pageStyles } from "./page.styles.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-storage-view": StorageView;
  }
}

const LARGEST = 10;

const FORMAT_NAMES: Readonly<Record<SidecarFormat, () => string>> = {
  kiln: () => "Kiln",
  "civitai-helper": () => "Civitai Helper",
  "lora-manager": () => "LoRA Manager",
  "stability-matrix": () => "Stability Matrix",
  a1111: () => msg("A1111 web UI"),
};

@localized()
@customElement("kiln-storage-view")
export class StorageView extends LitElement {
  static override styles = [
    controlStyles,
    pageStyles,
    css`
      .list {
        display: grid;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .list li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto auto;
        gap: 12px;
        align-items: center;
        min-height: 48px;
        border-top: 1px solid var(--kiln-line);
        overflow-wrap: anywhere;
      }
      .good {
        display: flex;
        gap: 8px;
        align-items: center;
        margin-top: 12px;
      }
      .good .icon {
        color: var(--kiln-good-text);
      }
      .format {
        max-width: 420px;
      }
      .format,
      kiln-task-note {
        margin-top: 12px;
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private use?: StorageUse;
  @state() private usage?: StorageUsage;
  @state() private declined = false;
  @state() private checking?: CheckProgress;
  @state() private problems?: readonly FileProblem[];
  @state() private duplicates?: readonly DuplicateGroup[];
  @state() private plannedFiles?: readonly File[];
  @state() private error?: SerializedError;
  @query("input[type=file]") private readonly picker!: HTMLInputElement;

  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #metadata = new Watch(this, () => this.app.metadata.state);
  #unsubscribe?: () => void;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#measure();
    const stops = [
      this.app.models.state.subscribe(() => void this.#measure()),
      this.app.gallery.subscribe(() => void this.#measure()),
    ];
    this.#unsubscribe = () => stops.forEach((stop) => stop());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.error = serializeError(error);
    }
  }

  #measure(): Promise<void> {
    return this.#attempt(async () => {
      await this.app.models.ready;
      const use = await this.app.libraryStorage.use();
      const models = Object.values(use.models).reduce((sum, bytes) => sum + bytes, use.downloads);
      this.usage = await this.app.storage.readUsage(models);
      this.use = use;
    });
  }

  async #persist(): Promise<void> {
    this.declined = !(await requestPersistence());
    await this.#measure();
  }

  #check(thorough: boolean): Promise<void> {
    this.problems = undefined;
    this.checking = { filesDone: 0, filesTotal: 0, bytesDone: 0, bytesTotal: 0 };
    return this.#attempt(async () => {
      this.problems = await this.app.libraryStorage.check(thorough, (progress) => (this.checking = progress));
    }).finally(() => (this.checking = undefined));
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

  get #entries(): readonly LibraryEntry[] {
    const { models, hidden } = this.#models.value;
    return joinEntries(
      models.filter(({ id }) => !hidden.includes(id)),
      this.#metadata.value.byId,
    );
  }

  #renderMeter({ models, downloads, usage, quota, persisted }: StorageUse): TemplateResult {
    const kinds = Object.entries(models) as [ModelType, number][];
    const pictures = this.usage?.pictures ?? 0;
    const known = kinds.reduce((sum, [, bytes]) => sum + bytes, downloads + pictures);
    const parts = [
      ...kinds.toSorted(([, a], [, b]) => b - a).map(([type, bytes]) => ({ name: typeName(type), bytes })),
      { name: msg("Unfinished downloads"), bytes: downloads },
      { name: msg("Pictures"), bytes: pictures },
      { name: msg("App and caches"), bytes: Math.max(0, usage - known) },
    ];
    return html`<section class="card">
      <h2>${msg("Space")}</h2>
      <p>
        ${msg(str`${formatBytes(Math.max(usage, known))} in use; this browser allows ${formatBytes(quota)}.`)}
      </p>
      <kiln-byte-meter .parts=${parts.filter(({ bytes }) => bytes > 0)} .total=${quota}></kiln-byte-meter>
      <p>
        ${
          persisted
            ? msg("The browser has promised to keep all this, even when the disk runs low.")
            : msg("When the disk runs low, the browser may delete all this without asking.")
        }
      </p>
      ${
        persisted
          ? nothing
          : html`<button class="button" type="button" @click=${() => void this.#persist()}>
              ${msg("Keep my models")}
            </button>`
      }
      ${
        this.declined
          ? html`<p class="quiet">
              ${msg("The browser declined. Installing the app usually changes its mind.")}
            </p>`
          : nothing
      }
    </section>`;
  }

  #renderCheck(): TemplateResult {
    const { checking, problems } = this;
    return html`<section class="card">
      <h2>${msg("Check files")}</h2>
      <p>
        ${msg("Compares every model file with what is known about it: quickly by size, or thoroughly by reading it all.")}
      </p>
      <div class="row">
        <button
          class="button"
          type="button"
          ?disabled=${checking !== undefined}
          @click=${() => void this.#check(false)}
        >
          ${msg("Quick check")}
        </button>
        <button
          class="button"
          type="button"
          ?disabled=${checking !== undefined}
          @click=${() => void this.#check(true)}
        >
          ${msg("Thorough check")}
        </button>
      </div>
      ${
        checking
          ? html`<kiln-task-note
              name=${msg("Check progress")}
              .text=${msg(str`Checked ${checking.filesDone} of ${checking.filesTotal} files`)}
              .percent=${(100 * checking.bytesDone) / Math.max(1, checking.bytesTotal)}
            ></kiln-task-note>`
          : nothing
      }
      ${problems ? this.#renderProblems(problems) : nothing}
    </section>`;
  }

  #renderProblems(problems: readonly FileProblem[]): TemplateResult {
    if (problems.length === 0) {
      return html`<p class="good" role="status">${icon("check")}${msg("Every file is whole.")}</p>`;
    }
    return html`<ul class="list" aria-label=${msg("Damaged models")}>
      ${problems.map((problem) => {
        const entry = this.#entries.find(({ record }) => record.id === problem.modelId);
        return html`<li>
          <span>${problem.name}: ${describeProblem(problem)}</span>
          <span></span>
          ${
            entry
              ? html`<button class="button" type="button" @click=${() => offerRemoval(this.app, [entry])}>
                  ${msg("Remove")}
                </button>`
              : nothing
          }
        </li>`;
      })}
    </ul>`;
  }

  #renderLargest(): TemplateResult | typeof nothing {
    const largest = this.#entries
      .filter(({ record }) => record.origin === "imported")
      .toSorted((a, b) => b.record.bytes - a.record.bytes)
      .slice(0, LARGEST);
    if (largest.length === 0) return nothing;
    return html`<section class="card">
      <h2>${msg("Largest models")}</h2>
      <ul class="list" aria-label=${msg("Largest models")}>
        ${largest.map(
          (entry) =>
            html`<li>
              <span>${nameOf(entry)} <span class="quiet">${typeName(entry.record.type)}</span></span>
              <span class="quiet">${formatBytes(entry.record.bytes)}</span>
              <button
                class="button plain square"
                type="button"
                aria-label=${msg(str`Remove ${nameOf(entry)}`)}
                title=${msg("Remove from this device")}
                @click=${() => offerRemoval(this.app, [entry])}
              >
                ${icon("trash")}
              </button>
            </li>`,
        )}
      </ul>
    </section>`;
  }

  #renderMetadata(): TemplateResult {
    const busy = this.#metadata.value.working !== undefined;
    const nameById = new Map(this.#entries.map((entry) => [entry.record.id, nameOf(entry)]));
    return html`<section class="card">
      <h2>${msg("Metadata")}</h2>
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
      ${this.duplicates?.map(
        ({ reason, ids }) =>
          html`<p>
            ${reason === "same-file" ? msg("The same file:") : msg("The same version at Civitai:")}
            ${ids.map((id) => nameById.get(id) ?? id).join(", ")}
          </p>`,
      )}
    </section>`;
  }

  override render(): TemplateResult {
    return html`<div class="column">
      ${
        this.error
          ? html`<kiln-error-note
              .error=${this.error}
              advice=""
              @error-dismiss=${() => (this.error = undefined)}
            ></kiln-error-note>`
          : nothing
      }
      ${this.use ? this.#renderMeter(this.use) : nothing} ${this.#renderCheck()} ${this.#renderLargest()}
      ${this.#renderMetadata()}
      ${
        this.plannedFiles
          ? html`<kiln-merge-sheet
              .files=${this.plannedFiles}
              @merge-close=${() => (this.plannedFiles = undefined)}
            ></kiln-merge-sheet>`
          : nothing
      }
    </div>`;
  }
}

function describeProblem({ kind, expected, got }: FileProblem): string {
  switch (kind) {
    case "missing":
      return msg("its file is gone; the browser may have deleted it.");
    case "wrong-size":
      return msg(str`its file has another size: ${got} instead of ${expected}.`);
    case "wrong-hash":
      return msg("its file was damaged: the hash is another one.");
    default:
      return kind satisfies never;
  }
}

function describeSummary(task: MetadataTask, { found, unknown, failed }: MetadataSummary): string {
  const news =
    task === "fetch"
      ? msg(str`Described: ${found.length}, unknown to Civitai: ${unknown.length}`)
      : msg(str`Newer versions: ${found.length}`);
  return failed.length === 0 ? `${news}.` : msg(str`${news}, failed: ${failed.length}.`);
}
