// The Generate page: recipe, stage, film strip and queue. Lays out and connects; the controllers do the work.

import "@awesome.me/webawesome/dist/components/drawer/drawer.js";
import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { type App, appContext } from "../app.ts";
import "../components/error-note.ts";
import "../components/example-prompts.ts";
import "../components/film-strip.ts";
import "../components/generate-bar.ts";
import "../components/parameter-fields.ts";
import "../components/picture-caption.ts";
import "../components/picture-stage.ts";
import "../components/prompt-field.ts";
import "../components/queue-strip.ts";
import { MediaQuery, WIDE } from "../controllers/media-query.ts";
import { Watch } from "../controllers/observable.ts";
import { PictureUrl } from "../controllers/picture-url.ts";
import { downloadBlob } from "../download.ts";
import type { KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { downloadPicture, restorePicture, toggleFavourite } from "../picture-actions.ts";
import { controlStyles } from "../styles/controls.ts";
import { generatePageStyles } from "./generate-page.styles.ts";
import "./welcome-card.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-generate-page": GeneratePage;
  }
}

@localized()
@customElement("kiln-generate-page")
export class GeneratePage extends LitElement {
  static override styles = [controlStyles, generatePageStyles];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private sheet: "closed" | "settings" | "queue" = "closed";

  readonly #wide = new MediaQuery(this, WIDE);
  readonly #generation = new Watch(this, () => this.app.generation.state);
  readonly #preview = new Watch(this, () => this.app.generation.preview);
  readonly #recipe = new Watch(this, () => this.app.recipe.state);
  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #metadata = new Watch(this, () => this.app.metadata.state);
  readonly #tokens = new Watch(this, () => this.app.tokens.counts);
  readonly #recent = new Watch(this, () => this.app.recent.pictures);
  readonly #picture = new PictureUrl(this, (id) => this.app.gallery.openFile(id));

  override willUpdate(): void {
    this.#picture.show(this.#generation.value.shown?.id);
  }

  readonly #openThumbnail = (id: number): Promise<Blob> => this.app.gallery.openThumbnail(id);

  get #hasQueue(): boolean {
    return this.#generation.value.jobs.some(({ status }) => status !== "running");
  }

  #toggleGroup(group: string, open: boolean): void {
    const rest = this.app.settings.get("openGroups").filter((name) => name !== group);
    void this.app.settings.set("openGroups", open ? [...rest, group] : rest);
  }

  #renderPrompt(): TemplateResult {
    return html`<kiln-prompt-field
      class="prompt"
      label=${msg("Prompt")}
      placeholder=${msg("Describe a picture")}
      .value=${this.#recipe.value.recipe.prompt}
      .tokens=${this.#tokens.value.prompt}
      @prompt-change=${(event: KilnEvent<"prompt-change">) => this.app.recipe.patch({ prompt: event.detail.value })}
    ></kiln-prompt-field>`;
  }

  #renderNegativePrompt(): TemplateResult {
    return html`<kiln-prompt-field
      class="negative"
      label=${msg("Negative prompt")}
      placeholder=${msg("What should not be in it")}
      .value=${this.#recipe.value.recipe.negativePrompt}
      .tokens=${this.#tokens.value.negativePrompt}
      @prompt-change=${(event: KilnEvent<"prompt-change">) =>
        this.app.recipe.patch({ negativePrompt: event.detail.value })}
    ></kiln-prompt-field>`;
  }

  #renderGenerateBar(): TemplateResult {
    const { running, jobs } = this.#generation.value;
    return html`<kiln-generate-bar
      .running=${running}
      .waiting=${jobs.filter(({ status }) => status === "pending").length}
      @generate=${(event: KilnEvent<"generate">) => void this.app.generate(event.detail)}
      @skip=${() => void this.app.generation.skip()}
      @interrupt=${() => void this.app.generation.interrupt()}
    ></kiln-generate-bar>`;
  }

  #renderParameters(): TemplateResult {
    const { recipe, defaults } = this.#recipe.value;
    return html`<kiln-parameter-fields
      .recipe=${recipe}
      .defaults=${defaults}
      .models=${this.#models.value.models}
      .metadata=${this.#metadata.value.byId}
      .reusableSeed=${this.#generation.value.shown?.seed}
      .openGroups=${this.app.settings.get("openGroups")}
      @recipe-change=${(event: KilnEvent<"recipe-change">) => this.app.recipe.patch(event.detail)}
      @recipe-reset=${() => this.app.recipe.reset()}
      @group-toggle=${(event: KilnEvent<"group-toggle">) => this.#toggleGroup(event.detail.group, event.detail.open)}
    ></kiln-parameter-fields>`;
  }

  #renderStage(): TemplateResult {
    const { running, shown, unsaved } = this.#generation.value;
    const { width, height } = running?.job.request ?? unsaved ?? shown ?? this.#recipe.value.recipe;
    return html`<kiln-picture-stage
      ?busy=${running !== undefined && (running.loading !== undefined || this.#preview.value !== undefined || !shown)}
      .preview=${this.#preview.value}
      .src=${this.#picture.url}
      .alt=${shown?.prompt ?? ""}
      .width=${width}
      .height=${height}
    >
      ${
        this.#picture.failed
          ? html`<p class="gone quiet">${msg("This picture's file is no longer on this device.")}</p>`
          : html`<kiln-example-prompts
              @prompt-change=${(event: KilnEvent<"prompt-change">) => this.app.recipe.patch({ prompt: event.detail.value })}
              ><kiln-welcome-card></kiln-welcome-card
            ></kiln-example-prompts>`
      }
    </kiln-picture-stage>`;
  }

  /** The one button of the error note. */
  get #remedy(): { readonly label: string; readonly run: () => void } | undefined {
    const { generation, links } = this.app;
    const { failedJobId, failure, deviceError, unsaved } = this.#generation.value;
    if (unsaved) {
      return {
        label: msg("Download the picture"),
        run: () => downloadBlob(unsaved.file, `${unsaved.seed}.png`),
      };
    }
    // Of a model that stays in a file which the browser locked again.
    if (failedJobId !== undefined && failure?.name === "AccessDenied") {
      return {
        label: msg("Allow and try again"),
        run: () => void links.allowAll().then(() => generation.retry(failedJobId)),
      };
    }
    if (failedJobId !== undefined)
      return { label: msg("Try again"), run: () => void generation.retry(failedJobId) };
    if (deviceError)
      return { label: msg("Start the engine again"), run: () => void generation.restartEngine() };
    return undefined;
  }

  #renderNotes(): TemplateResult | typeof nothing {
    const { failure, deviceError } = this.#generation.value;
    if (!failure && !deviceError) return nothing;
    return html`<kiln-error-note
      .error=${failure ?? deviceError}
      action=${this.#remedy?.label ?? ""}
      @error-action=${() => this.#remedy?.run()}
      @error-dismiss=${() => this.app.generation.dismissFailure()}
    ></kiln-error-note>`;
  }

  #renderCaption(): TemplateResult | typeof nothing {
    const { shown, running, summary } = this.#generation.value;
    if (running) return html`<p class="caption quiet">${running.job.request.prompt}</p>`;
    if (!shown) return nothing;
    return html`<kiln-picture-caption
      class="caption"
      .picture=${shown}
      .summary=${summary}
      @picture-favourite=${() => void toggleFavourite(this.app, shown)}
      @picture-restore=${() => restorePicture(this.app, shown)}
      @picture-download=${() => void downloadPicture(this.app, shown)}
    ></kiln-picture-caption>`;
  }

  #renderQueue(): TemplateResult {
    const { generation } = this.app;
    return html`<kiln-queue-strip
      .jobs=${this.#generation.value.jobs}
      ?paused=${this.#generation.value.paused}
      @job-remove=${(event: KilnEvent<"job-remove">) => void generation.removeJob(event.detail.id)}
      @job-retry=${(event: KilnEvent<"job-retry">) => void generation.retry(event.detail.id)}
      @job-move=${(event: KilnEvent<"job-move">) => void generation.moveJob(event.detail.id, event.detail.beforeId)}
      @queue-resume=${() => generation.resume()}
    ></kiln-queue-strip>`;
  }

  #renderFilmStrip(): TemplateResult {
    if (this.#recent.value.length === 0 && this.#wide.matches) {
      return html`<p class="quiet hint">${msg("Your pictures appear here, and in the gallery.")}</p>`;
    }
    return html`<kiln-film-strip
      ?horizontal=${!this.#wide.matches}
      .pictures=${this.#recent.value}
      .current=${this.#generation.value.shown?.id}
      .open=${this.#openThumbnail}
      @picture-select=${(event: KilnEvent<"picture-select">) => this.app.generation.show(event.detail.picture)}
    ></kiln-film-strip>`;
  }

  #renderWide(): TemplateResult {
    return html`<div class="wide">
      <section class="recipe" aria-label=${msg("Recipe")}>
        <div class="prompts">
          ${this.#renderPrompt()} ${this.#renderNegativePrompt()} ${this.#renderGenerateBar()}
        </div>
        <div class="parameters">${this.#renderParameters()}</div>
      </section>
      <section class="middle" aria-label=${msg("Stage")}>
        ${this.#renderNotes()} ${this.#renderStage()} ${this.#renderCaption()}
      </section>
      <section class="side" aria-label=${msg("Results")}>
        ${this.#hasQueue ? this.#renderQueue() : nothing} ${this.#renderFilmStrip()}
      </section>
    </div>`;
  }

  #renderSheet(): TemplateResult {
    return html`<wa-drawer
      placement="bottom"
      label=${this.sheet === "queue" ? msg("Queue") : msg("Parameters")}
      ?open=${this.sheet !== "closed"}
      light-dismiss
      @wa-after-hide=${(event: Event) => {
        if (event.target === event.currentTarget) this.sheet = "closed";
      }}
    >
      ${this.sheet === "queue" ? this.#renderQueue() : nothing}
      ${
        this.sheet === "settings"
          ? html`<div class="sheet">${this.#renderNegativePrompt()} ${this.#renderParameters()}</div>`
          : nothing
      }
    </wa-drawer>`;
  }

  #renderNarrow(): TemplateResult {
    const { jobs, paused } = this.#generation.value;
    const queued = jobs.filter(({ status }) => status !== "running").length;
    return html`<div class="narrow">
      ${this.#renderNotes()} ${this.#renderStage()} ${this.#renderCaption()} ${this.#renderFilmStrip()}
      <div class="dock">
        ${
          queued > 0
            ? html`<button class="button queued" type="button" @click=${() => (this.sheet = "queue")}>
                ${icon(paused ? "pause" : "play")}
                ${paused ? msg(str`Queue paused, ${queued} waiting`) : msg(str`Queue: ${queued}`)}
              </button>`
            : nothing
        }
        ${this.#renderPrompt()}
        <div class="actions">
          <button
            class="button square tall"
            type="button"
            aria-label=${msg("Parameters")}
            @click=${() => (this.sheet = "settings")}
          >
            ${icon("settings")}
          </button>
          ${this.#renderGenerateBar()}
        </div>
      </div>
      ${this.#renderSheet()}
    </div>`;
  }

  override render(): TemplateResult {
    return this.#wide.matches ? this.#renderWide() : this.#renderNarrow();
  }
}
