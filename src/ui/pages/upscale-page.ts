// The Upscale page: choose pictures and an upscaler, watch them go through, compare before and after.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { UpscaleFields } from "../../gallery/settings.ts";
import { MAX_UPSCALE_FACTOR } from "../../protocol/upscale-request.ts";
import { type App, appContext } from "../app.ts";
import "../components/chosen-pictures.ts";
import "../components/compare-slider.ts";
import "../components/error-note.ts";
import "../components/number-field.ts";
import "../components/select-field.ts";
import "../components/upscale-list.ts";
import { BlobUrl } from "../controllers/blob-url.ts";
import { Watch } from "../controllers/observable.ts";
import { PictureUrl } from "../controllers/picture-url.ts";
import type { UpscaleResult } from "../controllers/upscale-controller.ts";
import type { KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { downloadPicture } from "../picture-actions.ts";
import { controlStyles } from "../styles/controls.ts";
import { choiceOf, chosenUpscaler, targetOf, upscalerOptions } from "../upscaler-options.ts";
import { pageStyles } from "./page.styles.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-upscale-page": UpscalePage;
  }
}

const FACTORS = { min: 1, max: MAX_UPSCALE_FACTOR, step: 0.25 };
const SIDES = { min: 16, max: 16384, step: 1 };

@localized()
@customElement("kiln-upscale-page")
export class UpscalePage extends LitElement {
  static override styles = [
    controlStyles,
    pageStyles,
    css`
      .column {
        max-width: 920px;
      }
      .drop {
        display: grid;
        justify-items: center;
        gap: 8px;
        padding: 24px 16px;
        border: 2px dashed var(--kiln-line-strong);
        border-radius: var(--kiln-radius-large);
        text-align: center;
      }
      .drop p {
        margin: 0;
      }
      .fields {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(200px, 1fr));
        gap: 12px;
        align-items: end;
      }
      .check {
        display: flex;
        gap: 8px;
        align-items: center;
        min-height: var(--kiln-target);
      }
      .check input {
        width: 18px;
        height: 18px;
        accent-color: var(--kiln-accent);
      }
      .go {
        margin-top: 14px;
      }
      .head {
        justify-content: space-between;
        margin-bottom: 8px;
      }
      .head h2 {
        margin: 0;
      }
      .results {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        margin-top: 10px;
      }
      .results .button {
        max-width: 220px;
        overflow: hidden;
        text-overflow: ellipsis;
        display: block;
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  @query("input[type=file]") private readonly picker!: HTMLInputElement;
  /** The result shown; the newest where none was picked. */
  @state() private shownId?: string;
  @state() private fields!: UpscaleFields;

  readonly #upscaling = new Watch(this, () => this.app.upscaling.state);
  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #before = new BlobUrl(this);
  readonly #after = new PictureUrl(this, (id) => this.app.gallery.openFile(id));

  override connectedCallback(): void {
    super.connectedCallback();
    this.fields = this.app.settings.get("upscale");
  }

  override willUpdate(): void {
    this.#after.show(this.#shown?.picture.id);
  }

  get #shown(): UpscaleResult | undefined {
    const { results } = this.#upscaling.value;
    return results.find(({ id }) => id === this.shownId) ?? results.at(0);
  }

  #set(fields: Partial<UpscaleFields>): void {
    this.fields = { ...this.fields, ...fields };
    void this.app.settings.set("upscale", this.fields);
  }

  #choosePicked(): void {
    const files = [...(this.picker.files ?? [])];
    this.picker.value = "";
    this.app.upscaling.choose(files.map((file) => ({ file, name: file.name })));
  }

  #start(upscaler: string): void {
    this.shownId = undefined;
    void this.app.upscaling.enqueueChosen(choiceOf(upscaler), targetOf(this.fields));
  }

  #renderPictures(): TemplateResult {
    const { chosen } = this.#upscaling.value;
    return html`<div class="drop">
        ${icon("enlarge")}
        <p><b>${msg("Drop pictures here")}</b></p>
        <p class="quiet">
          ${msg("PNG, JPEG or WebP, as many as you like; or open one in the gallery and press Upscale.")}
        </p>
        <button class="button" type="button" @click=${() => this.picker.click()}>
          ${msg("Choose pictures")}
        </button>
        <input
          type="file"
          hidden
          multiple
          accept="image/*"
          aria-label=${msg("Pictures to enlarge")}
          @change=${() => this.#choosePicked()}
        />
      </div>
      ${
        chosen.length > 0
          ? html`<kiln-chosen-pictures
              .pictures=${chosen}
              @picture-unchoose=${(event: KilnEvent<"picture-unchoose">) => this.app.upscaling.unchoose(event.detail.key)}
            ></kiln-chosen-pictures>`
          : nothing
      }`;
  }

  #renderTarget(): TemplateResult {
    const { mode, factor, width, height, crop } = this.fields;
    if (mode === "factor") {
      return html`<kiln-number-field
        label=${msg("Scale")}
        slider
        .value=${factor}
        .range=${FACTORS}
        @number-change=${(event: KilnEvent<"number-change">) => this.#set({ factor: event.detail.value })}
      ></kiln-number-field>`;
    }
    return html`<kiln-number-field
        label=${msg("Width")}
        takes-size
        .value=${width}
        .range=${SIDES}
        @size-paste=${(event: KilnEvent<"size-paste">) => this.#set(event.detail)}
        @number-change=${(event: KilnEvent<"number-change">) => this.#set({ width: event.detail.value })}
      ></kiln-number-field>
      <kiln-number-field
        label=${msg("Height")}
        .value=${height}
        .range=${SIDES}
        @number-change=${(event: KilnEvent<"number-change">) => this.#set({ height: event.detail.value })}
      ></kiln-number-field>
      <label class="check">
        <input
          type="checkbox"
          .checked=${crop}
          @change=${(event: Event) => this.#set({ crop: (event.target as HTMLInputElement).checked })}
        />
        ${msg("Crop to this shape")}
      </label>`;
  }

  #renderForm(): TemplateResult {
    const { chosen } = this.#upscaling.value;
    const options = upscalerOptions(this.#models.value.models);
    const upscaler = chosenUpscaler(this.fields, options);
    const modes = [
      { value: "factor", label: msg("Scale by") },
      { value: "size", label: msg("Scale to") },
    ];
    return html`<div class="card">
      <div class="fields">
        <kiln-select-field
          label=${msg("Upscaler")}
          .value=${upscaler}
          .options=${options}
          @select-change=${(event: KilnEvent<"select-change">) => this.#set({ upscaler: event.detail.value })}
        ></kiln-select-field>
        <kiln-select-field
          label=${msg("Result")}
          .value=${this.fields.mode}
          .options=${modes}
          @select-change=${(event: KilnEvent<"select-change">) =>
            this.#set({ mode: event.detail.value as UpscaleFields["mode"] })}
        ></kiln-select-field>
        ${this.#renderTarget()}
      </div>
      <button
        class="button primary go"
        type="button"
        ?disabled=${chosen.length === 0}
        @click=${() => this.#start(upscaler)}
      >
        ${icon("enlarge")}
        ${chosen.length > 1 ? msg(str`Upscale ${chosen.length} pictures`) : msg("Upscale picture")}
      </button>
    </div>`;
  }

  #renderQueue(): TemplateResult | typeof nothing {
    const { jobs, running, paused } = this.#upscaling.value;
    if (jobs.length === 0) return nothing;
    const { upscaling } = this.app;
    return html`<div class="card">
      <div class="row head">
        <h2>${msg("In work")}</h2>
        <div class="row">
          ${
            paused
              ? html`<button class="button" type="button" @click=${() => upscaling.resume()}>
                  ${icon("play")} ${msg("Resume")}
                </button>`
              : nothing
          }
          <button class="button" type="button" @click=${() => void upscaling.cancelAll()}>
            ${msg("Cancel all")}
          </button>
        </div>
      </div>
      <kiln-upscale-list
        .jobs=${jobs}
        .running=${running}
        @upscale-cancel=${(event: KilnEvent<"upscale-cancel">) => void upscaling.cancel(event.detail.id)}
        @upscale-retry=${(event: KilnEvent<"upscale-retry">) => void upscaling.retry(event.detail.id)}
      ></kiln-upscale-list>
    </div>`;
  }

  #renderResult(shown: UpscaleResult): TemplateResult {
    const { results } = this.#upscaling.value;
    const { picture, before, name } = shown;
    return html`<div class="card">
      <div class="row head">
        <h2>${msg(str`${name}, now ${picture.width} × ${picture.height}`)}</h2>
        <button class="button" type="button" @click=${() => void downloadPicture(this.app, picture)}>
          ${icon("download")} ${msg("Download")}
        </button>
      </div>
      <kiln-compare-slider
        .beforeSrc=${this.#before.of(before)}
        .afterSrc=${this.#after.url}
        .alt=${picture.prompt || name}
        .width=${picture.width}
        .height=${picture.height}
      ></kiln-compare-slider>
      ${
        results.length > 1
          ? html`<div class="results" role="group" aria-label=${msg("Finished pictures")}>
              ${results.map(
                (result) =>
                  html`<button
                    class="button"
                    type="button"
                    aria-pressed=${result === shown ? "true" : "false"}
                    @click=${() => (this.shownId = result.id)}
                  >
                    ${result.name}
                  </button>`,
              )}
            </div>`
          : nothing
      }
      <p class="quiet">
        ${msg("Results are in the gallery, with the recipe of the picture they were made from.")}
      </p>
    </div>`;
  }

  override render(): TemplateResult {
    const { failure } = this.#upscaling.value;
    const shown = this.#shown;
    return html`<div class="column">
      <h1>${msg("Upscale")}</h1>
      ${this.#renderPictures()} ${this.#renderForm()}
      <kiln-error-note
        .error=${failure}
        @error-dismiss=${() => this.app.upscaling.dismissFailure()}
      ></kiln-error-note>
      ${this.#renderQueue()} ${shown ? this.#renderResult(shown) : nothing}
    </div>`;
  }
}
