// Browsing Civitai: consent first, then search, cards and one model in full. Connects; the controllers ask the service.

import "@lit-labs/virtualizer";
import { consume } from "@lit/context";
import { grid } from "@lit-labs/virtualizer/layouts/grid.js";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { CivitaiModel, CivitaiQuery } from "../../protocol/civitai-api.ts";
import { parseCivitaiAddress } from "../../protocol/civitai-address.ts";
import { type App, appContext } from "../app.ts";
import "../components/civitai-card.ts";
import "../components/civitai-details.ts";
import "../components/civitai-filter.ts";
import "../components/error-note.ts";
import { MediaQuery, WIDE } from "../controllers/media-query.ts";
import { Watch } from "../controllers/observable.ts";
import type { KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-civitai-view": CivitaiView;
  }
}

const CARD_FLEX = { preserve: "height" } as const;
const CARD = {
  wide: { width: "220px", height: "340px" },
  narrow: { width: "160px", height: "270px" },
} as const;
// The next page is asked for while this many cards are still below the fold.
const LOOK_AHEAD = 12;

@localized()
@customElement("kiln-civitai-view")
export class CivitaiView extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        height: 100%;
        overflow-y: auto;
      }
      .top {
        display: grid;
        gap: 12px;
        padding: 16px 20px 12px;
      }
      .consent,
      .none {
        display: grid;
        gap: 12px;
        justify-items: center;
        max-width: 520px;
        margin: 8vh auto;
        padding: 24px;
        text-align: center;
      }
      .consent .icon:first-child,
      .none .icon {
        width: 44px;
        height: 44px;
        color: var(--kiln-quiet);
      }
      h2,
      p {
        margin: 0;
      }
      h2 {
        font-size: 20px;
      }
      .more {
        display: grid;
        justify-items: center;
        min-height: 64px;
        padding: 12px;
      }
      @media (max-width: 999px) {
        .top {
          padding: 12px 12px 8px;
        }
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;

  readonly #wide = new MediaQuery(this, WIDE);
  readonly #civitai = new Watch(this, () => this.app.civitai.state);
  readonly #wanted = new Watch(this, () => this.app.civitai.wanted);
  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #metadata = new Watch(this, () => this.app.metadata.state);
  readonly #downloads = new Watch(this, () => this.app.downloads.state);
  #unsubscribe?: () => void;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unsubscribe = this.app.settings.subscribe(() => this.requestUpdate());
    void this.app.civitai.loadSettings();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  override willUpdate(): void {
    const address = this.#wanted.value;
    if (address === "" || !this.app.settings.get("browsesCivitai")) return;
    this.app.civitai.wanted.set("");
    void this.app.civitai.openAddress(address);
  }

  async #agree(): Promise<void> {
    await this.app.settings.set("browsesCivitai", true);
    if (this.#wanted.value === "") void this.app.civitai.search({});
  }

  #search(change: Partial<CivitaiQuery>): void {
    const address = change.text === undefined ? undefined : parseCivitaiAddress(change.text);
    if (address) void this.app.civitai.openAddress(change.text!);
    else void this.app.civitai.search(change);
  }

  async #download({ model, version, file }: KilnEvent<"civitai-download">["detail"]): Promise<void> {
    const added = await this.app.downloads.add({
      address: file.downloadUrl,
      fileName: file.name,
      sha256: file.hashes.SHA256?.toLowerCase(),
      title: `${model.name} ${version.name}`,
    });
    if (!added) {
      location.hash = "#/models"; // where the reason stands
      return;
    }
    this.app.toasts.show(msg(str`${model.name} is in the queue.`), {
      action: { label: msg("Show"), run: () => void (location.hash = "#/models") },
    });
  }

  /** The service states kilobytes rounded, so only hashes and version ids tell what is here. */
  #isOwned(model: CivitaiModel, versions: ReadonlySet<number>, hashes: ReadonlySet<string>): boolean {
    return model.versions.some(
      ({ id, files }) =>
        versions.has(id) || files.some((file) => hashes.has(file.hashes.SHA256?.toLowerCase() ?? "")),
    );
  }

  #renderConsent(): TemplateResult {
    return html`<div class="consent">
      ${icon("globe")}
      <h2>${msg("Browse models at Civitai")}</h2>
      <p>
        ${msg("Searching sends your words to civitai.com, and pictures load from its servers. Kiln sends nothing there before you agree, and never your pictures or prompts.")}
      </p>
      <button class="button primary" type="button" @click=${() => void this.#agree()}>
        ${msg("Agree and browse")}
      </button>
    </div>`;
  }

  #renderGrid(): TemplateResult {
    const { models, loading, nextCursor, asked, error } = this.#civitai.value;
    const hashes = new Set(this.#models.value.models.map(({ sha256 }) => sha256));
    const versions = new Set(
      [...this.#metadata.value.byId.values()].flatMap(({ civitai_version_id: id }) => (id ? [id] : [])),
    );
    const allowed = this.app.settings.get("contentLevel");
    const narrow = !this.#wide.matches;
    if (models.length === 0) {
      if (loading) return html`<div class="none" role="status"><p>${msg("Asking Civitai…")}</p></div>`;
      return html`<div class="none">
        ${icon("search")}
        <p>${asked && !error ? msg("Nothing was found.") : msg("Search for a model, a style or a tag.")}</p>
      </div>`;
    }
    return html`<lit-virtualizer
        role="list"
        aria-label=${msg("Models at Civitai")}
        .items=${[...models]}
        .keyFunction=${(model?: CivitaiModel) => model?.id ?? 0}
        .renderItem=${(model?: CivitaiModel) =>
          model
            ? html`<kiln-civitai-card
                role="listitem"
                .model=${model}
                .allowed=${allowed}
                ?owned=${this.#isOwned(model, versions, hashes)}
              ></kiln-civitai-card>`
            : html``}
        .layout=${grid({ itemSize: narrow ? CARD.narrow : CARD.wide, gap: narrow ? "10px" : "14px", padding: narrow ? "0 12px" : "0 20px", flex: CARD_FLEX })}
        @visibilityChanged=${(event: Event & { readonly last: number }) => {
          if (event.last >= models.length - LOOK_AHEAD && !error) void this.app.civitai.loadMore();
        }}
        @civitai-open=${({ detail }: KilnEvent<"civitai-open">) => void this.app.civitai.openModel(detail.model)}
      ></lit-virtualizer>
      <div class="more">
        ${
          loading
            ? html`<span class="quiet" role="status">${msg("Asking Civitai…")}</span>`
            : nextCursor !== undefined
              ? html`<button class="button" type="button" @click=${() => void this.app.civitai.loadMore()}>
                  ${msg("More")}
                </button>`
              : nothing
        }
      </div>`;
  }

  #renderOpen(model: CivitaiModel): TemplateResult {
    const metadata = [...this.#metadata.value.byId.values()];
    return html`<kiln-civitai-details
      .model=${model}
      .allowed=${this.app.settings.get("contentLevel")}
      .host=${this.#civitai.value.settings?.host ?? "civitai.com"}
      .owned=${new Set(this.#models.value.models.map(({ sha256 }) => sha256))}
      .ownedVersions=${new Set(metadata.flatMap(({ civitai_version_id: id }) => (id ? [id] : [])))}
      .queued=${new Set(this.#downloads.value.downloads.map(({ address }) => address))}
      @civitai-download=${({ detail }: KilnEvent<"civitai-download">) => void this.#download(detail)}
      @civitai-close=${() => this.app.civitai.close()}
    ></kiln-civitai-details>`;
  }

  override render(): TemplateResult {
    const { query, error, staleSince, open } = this.#civitai.value;
    if (!this.app.settings.get("browsesCivitai")) return this.#renderConsent();
    return html`
      <div class="top">
        <kiln-civitai-filter
          .query=${query}
          @query-change=${({ detail }: KilnEvent<"query-change">) => this.#search(detail)}
        ></kiln-civitai-filter>
        ${
          error
            ? html`<kiln-error-note
                .error=${error}
                advice=""
                action=${msg("Try again")}
                @error-action=${() => void this.app.civitai.search({})}
                @error-dismiss=${() => this.app.civitai.dismissError()}
              ></kiln-error-note>`
            : nothing
        }
        ${
          staleSince === undefined
            ? nothing
            : html`<p class="quiet" role="status">
                ${msg(str`Civitai does not answer. This is what it said on ${new Date(staleSince).toLocaleString()}.`)}
              </p>`
        }
      </div>
      ${this.#renderGrid()} ${open ? this.#renderOpen(open) : nothing}
    `;
  }
}
