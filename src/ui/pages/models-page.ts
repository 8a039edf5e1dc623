// The Models page: what is on this device, and importing more from files.

import "@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js";
import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { ImportProgress, ModelRecord } from "../../protocol/library-api.ts";
import { type App, appContext } from "../app.ts";
import "../components/error-note.ts";
import { Watch } from "../controllers/observable.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon } from "../icons.ts";
import { kindFacts, kindLimit } from "../model-kinds.ts";
import { controlStyles } from "../styles/controls.ts";
import { pageStyles } from "./page.styles.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-models-page": ModelsPage;
  }
}

@localized()
@customElement("kiln-models-page")
export class ModelsPage extends LitElement {
  static override styles = [
    controlStyles,
    pageStyles,
    css`
      .drop {
        display: grid;
        justify-items: center;
        gap: 8px;
        padding: 28px 16px;
        border: 2px dashed var(--kiln-line-strong);
        border-radius: var(--kiln-radius-large);
        text-align: center;
      }
      .drop p {
        margin: 0;
      }
      ul {
        display: grid;
        gap: 10px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .model {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 4px 12px;
        align-items: center;
      }
      .name {
        font-weight: 600;
        font-size: 16px;
        overflow-wrap: anywhere;
      }
      .facts {
        font-size: 13.5px;
        overflow-wrap: anywhere;
      }
      .badge {
        margin-left: 6px;
        padding: 1px 8px;
        border-radius: 10px;
        background: var(--kiln-accent-soft);
        color: var(--kiln-accent-text);
        font-size: 12px;
        font-weight: 500;
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  @query("input[type=file]") private readonly picker!: HTMLInputElement;

  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #recipe = new Watch(this, () => this.app.recipe.state);

  async #importPicked(): Promise<void> {
    const files = [...(this.picker.files ?? [])];
    this.picker.value = "";
    for (const file of files) {
      const record = await this.app.models.importFile(file);
      if (record) this.app.toasts.show(msg(str`${record.name} is ready.`));
    }
  }

  #use(model: ModelRecord): void {
    this.app.recipe.patch({ modelId: model.id });
    location.hash = "#/generate";
  }

  #renderImport(progress: ImportProgress, waiting: number): TemplateResult {
    const { fileName, bytesDone, bytesTotal } = progress;
    const percent = bytesTotal > 0 ? Math.floor((100 * bytesDone) / bytesTotal) : 0;
    return html`<div class="card">
      <p>
        ${msg(str`Importing ${fileName}: ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`)}
        ${waiting > 0 ? msg(str`(${waiting} more)`) : nothing}
      </p>
      <wa-progress-bar value=${percent} label=${msg("Import progress")}></wa-progress-bar>
    </div>`;
  }

  #renderModel(model: ModelRecord): TemplateResult {
    const used = model.id === this.#recipe.value.recipe.modelId;
    const limit = kindLimit(model);
    return html`<li class="card model">
      <div>
        <div class="name">
          ${model.name}${model.origin === "embedded" ? html`<span class="badge">${msg("Built in")}</span>` : nothing}
        </div>
        <div class="facts quiet">
          ${[...kindFacts(model), model.family, formatBytes(model.bytes), model.dtype, model.license]
            .filter(Boolean)
            .join(" · ")}
        </div>
        <div class="facts quiet">${model.fileName}</div>
        ${limit ? html`<div class="facts">${limit}</div>` : nothing}
      </div>
      <div class="row">
        ${
          model.type === "checkpoint"
            ? html`<button
                class="button ${used ? "" : "primary"}"
                type="button"
                ?disabled=${used}
                @click=${() => this.#use(model)}
              >
                ${used ? html`${icon("check")} ${msg("In use")}` : msg("Use")}
              </button>`
            : nothing
        }
        ${
          model.origin === "imported"
            ? html`<button
                class="button plain square"
                type="button"
                aria-label=${msg(str`Remove ${model.name}`)}
                title=${msg("Remove from this device")}
                @click=${() => this.#offerRemoval(model)}
              >
                ${icon("trash")}
              </button>`
            : nothing
        }
      </div>
    </li>`;
  }

  /** Gigabytes cannot be kept for an undo: the removal waits until the offer to undo it is over. */
  #offerRemoval(model: ModelRecord): void {
    this.app.models.hide(model.id);
    this.app.toasts.show(msg(str`${model.name} is being removed.`), {
      action: { label: msg("Undo"), run: () => this.app.models.unhide(model.id) },
      expired: () => void this.app.models.remove(model.id),
    });
  }

  override render(): TemplateResult {
    const { models, loaded, importing, waiting, error, hidden } = this.#models.value;
    const shown = models.filter(({ id }) => !hidden.includes(id));
    return html`<div class="column">
      <h1>${msg("Models")}</h1>
      <div class="drop">
        ${icon("drop")}
        <p><b>${msg("Drop a model file anywhere")}</b></p>
        <p class="quiet">
          ${msg("Checkpoints, LoRAs, embeddings, VAEs and upscalers, as downloaded. They are copied into this browser and never leave it.")}
        </p>
        <button class="button" type="button" @click=${() => this.picker.click()}>
          ${msg("Choose a file")}
        </button>
        <input
          type="file"
          hidden
          multiple
          accept=".safetensors,.ckpt,.pt,.pth,.bin"
          aria-label=${msg("Model file")}
          @change=${() => void this.#importPicked()}
        />
      </div>
      <kiln-error-note
        .error=${error}
        @error-dismiss=${() => this.app.models.dismissError()}
      ></kiln-error-note>
      ${importing ? this.#renderImport(importing, waiting) : nothing}
      <ul aria-label=${msg("Models on this device")}>
        ${repeat(
          shown,
          ({ id }) => id,
          (model) => this.#renderModel(model),
        )}
      </ul>
      ${loaded && shown.length === 0 ? html`<p class="quiet">${msg("There are no models on this device.")}</p>` : nothing}
    </div>`;
  }
}
