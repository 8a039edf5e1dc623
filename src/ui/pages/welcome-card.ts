// What a first-time visitor reads below the example prompts: the model that is ready, and where larger ones come from.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { ManifestModel } from "../../protocol/model-manifest.ts";
import { type App, appContext } from "../app.ts";
import { Watch } from "../controllers/observable.ts";
import "../components/recommended-list.ts";
import type { KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { isOwned, ownedHashes } from "../owned-hashes.ts";
import { downloadOf, readRecommended } from "../recommended-models.ts";
import { controlStyles } from "../styles/controls.ts";

// Enough to choose from, few enough to read.
const SHOWN = 3;

declare global {
  interface HTMLElementTagNameMap {
    "kiln-welcome-card": WelcomeCard;
  }
}

@localized()
@customElement("kiln-welcome-card")
export class WelcomeCard extends LitElement {
  static override styles = [
    controlStyles,
    css`
      .card {
        display: grid;
        gap: 10px;
        max-width: 560px;
        margin: 20px auto 0;
        padding: 14px 8px 14px 16px;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-panel);
        text-align: left;
      }
      .head {
        display: flex;
        gap: 10px;
        align-items: flex-start;
      }
      .head p {
        flex: 1;
        min-width: 0;
      }
      p {
        margin: 0;
        font-size: 14px;
      }
      a.more {
        color: var(--kiln-accent-text);
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private recommended: readonly ManifestModel[] = [];

  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #downloads = new Watch(this, () => this.app.downloads.state);
  readonly #generation = new Watch(this, () => this.app.generation.state);
  #unsubscribe?: () => void;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unsubscribe = this.app.settings.subscribe(() => this.requestUpdate());
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  async #load(): Promise<void> {
    if (this.app.settings.get("welcomed")) return;
    try {
      this.recommended = await readRecommended(this.app.baseUrl);
    } catch {
      // Recommendations are an extra: offline, or with a manifest this version cannot read, there are none.
      this.recommended = [];
    }
  }

  async #download(model: ManifestModel): Promise<void> {
    const request = downloadOf(model);
    if (!request) return;
    await this.app.downloads.add(request);
    location.hash = "#/models";
  }

  override render(): TemplateResult | typeof nothing {
    const { models } = this.#models.value;
    const embedded = models.find(({ origin }) => origin === "embedded");
    if (!embedded || this.app.settings.get("welcomed")) return nothing;
    const owned = ownedHashes(models);
    // What is used beside a model comes later, on the Models page.
    const shown = this.recommended
      .filter(({ type, files }) => type === "checkpoint" && !isOwned(files, owned))
      .slice(0, SHOWN);
    return html`<section class="card" aria-label=${msg("Welcome")}>
      <div class="head">
        <p>
          <b>${msg(str`${embedded.name} is ready.`)}</b>
          ${msg("It is small, draws simple scenes, and works offline. Everything stays on this device.")}
          ${
            shown.length > 0
              ? msg("Larger models draw anything:")
              : html`<a class="more" href="#/models">${msg("Add a larger model")}</a>`
          }
        </p>
        <button
          class="button plain square"
          type="button"
          aria-label=${msg("Dismiss the welcome")}
          title=${msg("Dismiss")}
          @click=${() => void this.app.settings.set("welcomed", true)}
        >
          ${icon("x")}
        </button>
      </div>
      ${
        shown.length > 0
          ? html`<kiln-recommended-list
                .models=${shown}
                .downloads=${this.#downloads.value.downloads}
                .device=${this.#generation.value.device}
                @recommended-download=${({ detail }: KilnEvent<"recommended-download">) =>
                  void this.#download(detail.model)}
              ></kiln-recommended-list>
              <a class="more" href="#/models">${msg("More models")}</a>`
          : nothing
      }
    </section>`;
  }
}
