// The upper part of the library: the address field, file pickers, downloads, and notes on work under way. Apart from the
// grid of models, because it redraws ten times a second while bytes arrive.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { DownloadRequest } from "../../protocol/downloads-api.ts";
import type { ManifestModel } from "../../protocol/model-manifest.ts";
import { addFiles } from "../add-files.ts";
import { type App, appContext } from "../app.ts";
import "../components/address-field.ts";
import "../components/downloads-panel.ts";
import "../components/error-note.ts";
import "../components/recommended-list.ts";
import "../components/task-note.ts";
import { Watch } from "../controllers/observable.ts";
import type { KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { ownedHashes } from "../owned-hashes.ts";
import { downloadOf, readRecommended } from "../recommended-models.ts";
import { controlStyles } from "../styles/controls.ts";
import { describeImport, describeTask } from "../task-text.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-library-top": LibraryTop;
  }
}

@localized()
@customElement("kiln-library-top")
export class LibraryTop extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 12px;
        padding: 16px 20px 4px;
      }
      :host > * {
        max-width: 1040px;
      }
      .add {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 8px;
        align-items: start;
      }
      .pickers {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .card {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: center;
        padding: 12px 16px;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-panel);
      }
      details {
        padding: 0 16px;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-panel);
      }
      summary {
        padding: 12px 0;
        font-weight: 600;
        cursor: pointer;
      }
      .card p {
        flex: 1 1 320px;
        margin: 0;
      }
      @media (max-width: 999px) {
        :host {
          padding: 12px 12px 0;
        }
        .add {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  /** Metadata files that came with models and wait to be looked at. */
  @state() private sidecars?: readonly File[];
  @state() private recommended: readonly ManifestModel[] = [];
  @query("input[multiple]") private readonly filePicker!: HTMLInputElement;
  @query("input[webkitdirectory]") private readonly folderPicker!: HTMLInputElement;

  readonly #downloads = new Watch(this, () => this.app.downloads.state);
  readonly #draft = new Watch(this, () => this.app.downloads.draft);
  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #generation = new Watch(this, () => this.app.generation.state);
  readonly #metadata = new Watch(this, () => this.app.metadata.state);
  readonly #links = new Watch(this, () => this.app.links.state);
  readonly #library = new Watch(this, () => this.app.library.state);

  override connectedCallback(): void {
    super.connectedCallback();
    // An extra: offline, or with a manifest that this version cannot read, there are none.
    void readRecommended(this.app.baseUrl).then(
      (models) => (this.recommended = models),
      () => undefined,
    );
  }

  async #take(picker: HTMLInputElement): Promise<void> {
    const files = [...(picker.files ?? [])];
    picker.value = "";
    const sidecars = await addFiles(this.app, files);
    if (sidecars.length === 0) return;
    await import("./merge-sheet.ts");
    this.sidecars = sidecars;
  }

  async #start(requests: readonly DownloadRequest[]): Promise<void> {
    for (const request of requests) await this.app.downloads.add(request);
    this.app.downloads.draft.set("");
    // An answer from the browser is worth having before gigabytes arrive; a refusal changes nothing.
    void navigator.storage.persist();
  }

  #dismiss(): void {
    this.app.models.dismissError();
    this.app.metadata.dismissError();
    this.app.downloads.dismissError();
    this.app.library.dismissError();
    this.app.links.dismissError();
  }

  async #answer(allowed: boolean): Promise<void> {
    await this.app.civitai.configure({ lookup: allowed ? "allowed" : "refused" });
    this.app.metadata.permissionAnswered();
    if (allowed) await this.app.metadata.run("fetch");
  }

  #renderAdd(): TemplateResult {
    const owned = ownedHashes(this.#models.value.models);
    return html`<div class="add">
      <kiln-address-field
        .value=${this.#draft.value}
        .owned=${owned}
        .inspect=${(address: string) => this.app.downloads.inspect(address)}
        @address-change=${({ detail }: KilnEvent<"address-change">) =>
          this.app.downloads.draft.set(detail.value)}
        @download-start=${({ detail }: KilnEvent<"download-start">) => void this.#start(detail.requests)}
      ></kiln-address-field>
      <div class="pickers">
        <button class="button" type="button" @click=${() => this.filePicker.click()}>
          ${icon("plus")}${msg("Add files")}
        </button>
        <button class="button" type="button" @click=${() => this.folderPicker.click()}>
          ${icon("folder")}${msg("Add a folder")}
        </button>
        ${
          this.app.links.supported
            ? html`<button
                class="button"
                type="button"
                title=${msg("Reads a model file where you keep it, without a copy in the browser")}
                @click=${() => void this.app.links.add()}
              >
                ${icon("external")}${msg("Use in place")}
              </button>`
            : nothing
        }
      </div>
      <input
        type="file"
        hidden
        multiple
        aria-label=${msg("Model file")}
        @change=${() => void this.#take(this.filePicker)}
      />
      <input
        type="file"
        hidden
        webkitdirectory
        aria-label=${msg("Model folder")}
        @change=${() => void this.#take(this.folderPicker)}
      />
    </div>`;
  }

  #renderDownloads(): TemplateResult {
    const { downloads, progress } = this.#downloads.value;
    const queue = this.app.downloads;
    return html`<kiln-downloads-panel
      .downloads=${downloads}
      .progress=${progress}
      @download-action=${({ detail: { id, action } }: KilnEvent<"download-action">) => void queue[action](id)}
      @download-step=${({ detail: { id, step } }: KilnEvent<"download-step">) => void queue.step(id, step)}
      @download-file=${({ detail: { id, file } }: KilnEvent<"download-file">) => void queue.provideFile(id, file)}
      @downloads-clear=${() => void queue.clearFinished()}
    ></kiln-downloads-panel>`;
  }

  #renderRecommended(): TemplateResult {
    return html`<details>
      <summary>${msg("Recommended models")}</summary>
      <kiln-recommended-list
        detailed
        .models=${this.recommended}
        .owned=${ownedHashes(this.#models.value.models)}
        .downloads=${this.#downloads.value.downloads}
        .device=${this.#generation.value.device}
        @recommended-download=${({ detail }: KilnEvent<"recommended-download">) => {
          const request = downloadOf(detail.model);
          if (request) void this.#start([request]);
        }}
      ></kiln-recommended-list>
    </details>`;
  }

  #renderPermission(): TemplateResult {
    return html`<section class="card" aria-label=${msg("Online lookup")}>
      <p>
        ${msg("May Kiln ask Civitai about your models? It sends a model's hash, never the file, and gets its name, trigger words and preview.")}
      </p>
      <button class="button primary" type="button" @click=${() => void this.#answer(true)}>
        ${msg("Allow")}
      </button>
      <button class="button" type="button" @click=${() => void this.#answer(false)}>${msg("No")}</button>
    </section>`;
  }

  #renderLocked(): TemplateResult | typeof nothing {
    const locked = [...this.#links.value.files.values()].filter(({ state }) => state === "ask").length;
    if (locked === 0) return nothing;
    return html`<section class="card" aria-label=${msg("Files in place")}>
      <p>
        ${
          locked === 1
            ? msg("A model stays in a file of yours that the browser has locked again.")
            : msg(str`${locked} models stay in files of yours that the browser has locked again.`)
        }
      </p>
      <button class="button primary" type="button" @click=${() => void this.app.links.allowAll()}>
        ${msg("Allow again")}
      </button>
    </section>`;
  }

  #renderTasks(): TemplateResult {
    const { importing, waiting } = this.#models.value;
    const { working, asksPermission } = this.#metadata.value;
    const { hashing } = this.#library.value;
    const { checking } = this.#links.value;
    return html`
      ${
        checking
          ? html`<kiln-task-note
              name=${msg("Check progress")}
              .text=${msg(str`Checking ${checking.fileName}`)}
              .percent=${(100 * checking.bytesDone) / Math.max(1, checking.bytesTotal)}
            ></kiln-task-note>`
          : nothing
      }
      ${asksPermission ? this.#renderPermission() : nothing}
      ${
        importing
          ? html`<kiln-task-note
              name=${msg("Import progress")}
              .text=${describeImport(importing, waiting)}
              .percent=${importing.bytesTotal > 0 ? (100 * importing.bytesDone) / importing.bytesTotal : 0}
            ></kiln-task-note>`
          : nothing
      }
      ${
        working
          ? html`<kiln-task-note
              name=${msg("Metadata progress")}
              .text=${describeTask(working.task, working.progress)}
              .percent=${working.progress ? (100 * working.progress.done) / Math.max(1, working.progress.total) : 0}
              stoppable
              @task-stop=${() => void this.app.metadata.stop()}
            ></kiln-task-note>`
          : nothing
      }
      ${
        hashing
          ? html`<kiln-task-note
              name=${msg("Hash progress")}
              .text=${describeTask("hash", { done: hashing.done, total: hashing.total, name: hashing.name })}
              .percent=${(100 * hashing.done) / hashing.total}
              stoppable
              @task-stop=${() => this.app.library.stop()}
            ></kiln-task-note>`
          : nothing
      }
    `;
  }

  override render(): TemplateResult {
    const error =
      this.#library.value.error ??
      this.#links.value.error ??
      this.#models.value.error ??
      this.#metadata.value.error ??
      this.#downloads.value.error;
    return html`
      ${this.#renderAdd()} ${this.#downloads.value.downloads.length > 0 ? this.#renderDownloads() : nothing}
      ${
        error
          ? html`<kiln-error-note
              .error=${error}
              .advice=${error.name === "InvalidRequest" ? "" : undefined}
              @error-dismiss=${() => this.#dismiss()}
            ></kiln-error-note>`
          : nothing
      }
      ${this.#renderLocked()} ${this.#renderTasks()}
      ${this.recommended.length > 0 ? this.#renderRecommended() : nothing}
      ${
        this.sidecars
          ? html`<kiln-merge-sheet
              .files=${this.sidecars}
              @merge-close=${() => (this.sidecars = undefined)}
            ></kiln-merge-sheet>`
          : nothing
      }
    `;
  }
}
