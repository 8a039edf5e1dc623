// What a first-time visitor reads below the example prompts: the model that is ready, and where larger ones come from.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { ManifestModel } from "../../protocol/model-manifest.ts";
import { type App, appContext } from "../app.ts";
import { Watch } from "../controllers/observable.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon } from "../icons.ts";
import { familyName } from "../model-names.ts";
import { bytesOf, downloadOf, readRecommended } from "../recommended-models.ts";
import { controlStyles } from "../styles/controls.ts";

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
      .head,
      li {
        display: flex;
        gap: 10px;
        align-items: center;
      }
      .head {
        align-items: flex-start;
      }
      .head p,
      li > span {
        flex: 1;
        min-width: 0;
      }
      p {
        margin: 0;
        font-size: 14px;
      }
      ul {
        display: grid;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        min-height: 48px;
        padding-right: 8px;
        border-top: 1px solid var(--kiln-line);
        font-size: 14px;
      }
      .facts {
        display: block;
        font-size: 13px;
      }
      a.more {
        color: var(--kiln-accent-text);
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private recommended: readonly ManifestModel[] = [];

  readonly #models = new Watch(this, () => this.app.models.state);
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
    const owned = new Set(this.#models.value.models.map(({ sha256 }) => sha256));
    try {
      this.recommended = await readRecommended(this.app.baseUrl, owned);
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

  #renderRow(model: ManifestModel): TemplateResult {
    const { needs, license, family } = model;
    const facts = [
      familyName(family),
      formatBytes(bytesOf(model)),
      license,
      msg(str`needs ${formatBytes(needs.memoryBytes)} of memory`),
    ];
    return html`<li>
      <span><b>${model.name}</b><span class="facts quiet">${facts.join(" · ")}</span></span>
      <button
        class="button"
        type="button"
        aria-label=${msg(str`Download ${model.name}`)}
        @click=${() => void this.#download(model)}
      >
        ${icon("download")}${msg("Download")}
      </button>
    </li>`;
  }

  override render(): TemplateResult | typeof nothing {
    const embedded = this.#models.value.models.find(({ origin }) => origin === "embedded");
    if (!embedded || this.app.settings.get("welcomed")) return nothing;
    return html`<section class="card" aria-label=${msg("Welcome")}>
      <div class="head">
        <p>
          <b>${msg(str`${embedded.name} is ready.`)}</b>
          ${msg("It is small, draws simple scenes, and works offline. Everything stays on this device.")}
          ${
            this.recommended.length > 0
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
        this.recommended.length > 0
          ? html`<ul aria-label=${msg("Recommended models")}>
              ${this.recommended.map((model) => this.#renderRow(model))}
            </ul>`
          : nothing
      }
    </section>`;
  }
}
