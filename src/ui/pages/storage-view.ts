// What the library takes up, whether its files are whole, and the way to make room. Connects; the library does the work.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { requestPersistence, type StorageUsage } from "../../gallery/storage-usage.ts";
import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type { CheckProgress, FileProblem, StorageUse } from "../../protocol/library-storage.ts";
import type { ModelType } from "../../protocol/model-manifest.ts";
import { type App, appContext } from "../app.ts";
import "../components/byte-meter.ts";
import "../components/error-note.ts";
import "../components/task-note.ts";
import { Watch } from "../controllers/observable.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon, type IconName } from "../icons.ts";
import { joinEntries, type LibraryEntry, nameOf } from "../model-filter.ts";
import { typeName } from "../model-names.ts";
import { moveModelOut, offerRemoval, saveModel } from "../model-use.ts";
import { controlStyles } from "../styles/controls.ts";
import { describeSaving } from "../task-text.ts";
import "./folders-card.ts";
import "./metadata-card.ts";
import { pageStyles } from "./page.styles.ts";
import { rowListStyles } from "./row-list.styles.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-storage-view": StorageView;
  }
}

const LARGEST = 10;

@localized()
@customElement("kiln-storage-view")
export class StorageView extends LitElement {
  static override styles = [
    controlStyles,
    pageStyles,
    rowListStyles,
    css`
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
  @state() private error?: SerializedError;

  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #metadata = new Watch(this, () => this.app.metadata.state);
  readonly #saving = new Watch(this, () => this.app.saving.state);
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
      .filter(({ record }) => record.origin === "imported" && !record.linked)
      .toSorted((a, b) => b.record.bytes - a.record.bytes)
      .slice(0, LARGEST);
    if (largest.length === 0) return nothing;
    const { saving } = this.#saving.value;
    return html`<section class="card">
      <h2>${msg("Largest models")}</h2>
      <p>
        ${msg("A copy can be saved outside the browser, where other programs see it too; moved models leave this device's library.")}
      </p>
      ${
        saving
          ? html`<kiln-task-note
              name=${msg("Save progress")}
              .text=${describeSaving(saving)}
              .percent=${(100 * saving.bytesDone) / Math.max(1, saving.bytesTotal)}
            ></kiln-task-note>`
          : nothing
      }
      <ul class="list" aria-label=${msg("Largest models")}>
        ${largest.map((entry) => this.#renderLargestRow(entry))}
      </ul>
    </section>`;
  }

  #renderLargestRow(entry: LibraryEntry): TemplateResult {
    const name = nameOf(entry);
    const busy = this.#saving.value.saving !== undefined;
    const button = (label: string, title: string, picture: IconName, run: () => unknown): TemplateResult =>
      html`<button
        class="button plain square"
        type="button"
        aria-label=${label}
        title=${title}
        ?disabled=${busy}
        @click=${run}
      >
        ${icon(picture)}
      </button>`;
    return html`<li>
      <span>${name} <span class="quiet">${typeName(entry.record.type)}</span></span>
      <span class="quiet">${formatBytes(entry.record.bytes)}</span>
      <span>
        ${button(
          msg(str`Save a copy of ${name}`),
          msg("Save a copy"),
          "download",
          () => void saveModel(this.app, entry),
        )}
        ${
          this.app.saving.seesTheEnd
            ? button(
                msg(str`Move ${name} out`),
                msg("Save it elsewhere, then remove it here"),
                "folder",
                () => void moveModelOut(this.app, entry),
              )
            : nothing
        }
        ${button(msg(str`Remove ${name}`), msg("Remove from this device"), "trash", () =>
          offerRemoval(this.app, [entry]),
        )}
      </span>
    </li>`;
  }

  override render(): TemplateResult {
    const error = this.error ?? this.#saving.value.error;
    return html`<div class="column">
      ${
        error
          ? html`<kiln-error-note
              .error=${error}
              advice=""
              @error-dismiss=${() => {
                this.error = undefined;
                this.app.saving.dismissError();
              }}
            ></kiln-error-note>`
          : nothing
      }
      ${this.use ? this.#renderMeter(this.use) : nothing} ${this.#renderCheck()} ${this.#renderLargest()}
      <kiln-folders-card></kiln-folders-card>
      <kiln-metadata-card></kiln-metadata-card>
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
    case "changed":
      return msg(
        "its file was changed where you keep it; a thorough check tells whether it is still the same model.",
      );
    case "not-allowed":
      return msg("the browser wants a click in the library before Kiln may read its file again.");
    default:
      return kind satisfies never;
  }
}
