// The Gallery page: search, favourites, the virtualised grid and the lightbox. Connects them; the stores do the work.

import "@lit-labs/virtualizer";
import { consume } from "@lit/context";
import { grid } from "@lit-labs/virtualizer/layouts/grid.js";
import { localized, msg, str } from "@lit/localize";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { PictureRecord } from "../../gallery/picture-record.ts";
import { type App, appContext } from "../app.ts";
import "../components/picture-lightbox.ts";
import "../components/stored-picture.ts";
import { GalleryList } from "../controllers/gallery-list.ts";
import { MediaQuery, WIDE } from "../controllers/media-query.ts";
import { Watch } from "../controllers/observable.ts";
import { PictureUrl } from "../controllers/picture-url.ts";
import type { KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import {
  copyInfotext,
  deletePicture,
  downloadPicture,
  restorePicture,
  restoreSeed,
  toggleFavourite,
  upscalePicture,
} from "../picture-actions.ts";
import { controlStyles } from "../styles/controls.ts";
import { galleryPageStyles } from "./gallery-page.styles.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-gallery-page": GalleryPage;
  }
}

// Loads the next page while this many pictures are still below the fold.
const LOOK_AHEAD = 60;

// Tiles grow to fill the row and stay square.
const TILE_FLEX = { preserve: "aspect-ratio" } as const;

@localized()
@customElement("kiln-gallery-page")
export class GalleryPage extends LitElement {
  static override styles = [controlStyles, galleryPageStyles];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private openId?: number;
  @query("lit-virtualizer") private readonly grid?: HTMLElement;

  readonly #wide = new MediaQuery(this, WIDE);
  #list?: GalleryList;
  readonly #pictures = new Watch(this, () => (this.#list ??= new GalleryList(this.app.gallery)).state);
  readonly #full = new PictureUrl(this, (id) => this.app.gallery.openFile(id));

  override connectedCallback(): void {
    super.connectedCallback();
    this.#list?.search({});
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#list?.dispose();
    this.#list = undefined;
  }

  override willUpdate(): void {
    this.#full.show(this.#open?.id);
  }

  readonly #openThumbnail = (id: number): Promise<Blob> => this.app.gallery.openThumbnail(id);

  get #open(): PictureRecord | undefined {
    return this.#pictures.value.pictures.find(({ id }) => id === this.openId);
  }

  #neighbour(step: number): PictureRecord | undefined {
    const { pictures } = this.#pictures.value;
    const at = pictures.findIndex(({ id }) => id === this.openId);
    if (at + step > pictures.length - LOOK_AHEAD) void this.#list?.loadMore();
    return at < 0 ? undefined : pictures[at + step];
  }

  async #delete(picture: PictureRecord): Promise<void> {
    this.openId = (this.#neighbour(1) ?? this.#neighbour(-1))?.id;
    await deletePicture(this.app, picture);
  }

  #toGenerate(restore: (app: App, picture: PictureRecord) => void, picture: PictureRecord): void {
    restore(this.app, picture);
    this.openId = undefined;
    location.hash = "#/generate";
  }

  #toUpscale(picture: PictureRecord): void {
    this.openId = undefined;
    void upscalePicture(this.app, picture);
  }

  #moveFocus(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const tiles = [...(this.grid?.querySelectorAll<HTMLElement>("button.open") ?? [])];
    const at = tiles.indexOf(event.target as HTMLElement);
    if (step === undefined || at < 0) return;
    event.preventDefault();
    tiles.at(Math.max(0, at + step))?.focus();
  }

  // When the list gets shorter the virtualizer asks once more for tiles past its end.
  readonly #renderTile = (picture?: PictureRecord): TemplateResult => {
    if (!picture) return html``;
    const star = picture.favourite ? msg("Remove from favourites") : msg("Add to favourites");
    return html`<div class="tile">
      <button
        class="open"
        type="button"
        aria-label=${picture.prompt || msg("Picture without a prompt")}
        @click=${() => (this.openId = picture.id)}
      >
        <kiln-stored-picture .pictureId=${picture.id} .open=${this.#openThumbnail}></kiln-stored-picture>
      </button>
      <button
        class="star ${picture.favourite ? "on" : ""}"
        type="button"
        aria-label=${star}
        title=${star}
        @click=${() => void toggleFavourite(this.app, picture)}
      >
        ${icon(picture.favourite ? "heart-filled" : "heart")}
      </button>
    </div>`;
  };

  #renderBar(): TemplateResult {
    const { filter, total, loaded } = this.#pictures.value;
    const search = (text: string): void => this.#list?.search({ ...filter, text });
    const favouritesOnly = filter.favouritesOnly ?? false;
    return html`<div class="bar">
      <label class="search">
        ${icon("search")}
        <input
          class="field"
          type="search"
          aria-label=${msg("Search pictures")}
          placeholder=${msg("Search prompts")}
          .value=${filter.text ?? ""}
          @input=${(event: Event) => search((event.target as HTMLInputElement).value)}
        />
      </label>
      <button
        class="button"
        type="button"
        aria-label=${msg("Favourites")}
        aria-pressed=${favouritesOnly ? "true" : "false"}
        @click=${() => this.#list?.search({ ...filter, favouritesOnly: !favouritesOnly })}
      >
        ${icon(favouritesOnly ? "heart-filled" : "heart")} <span class="word">${msg("Favourites")}</span>
      </button>
      <span class="quiet count" role="status"
        >${loaded ? (total === 1 ? msg("1 picture") : msg(str`${total} pictures`)) : nothing}</span
      >
    </div>`;
  }

  #renderEmpty(): TemplateResult {
    const { filter } = this.#pictures.value;
    const searching = (filter.text ?? "") !== "" || filter.favouritesOnly;
    return html`<div class="empty">
      ${icon(searching ? "search" : "gallery")}
      <p>
        ${
          searching
            ? msg("No picture matches.")
            : msg("Every picture you make lands here, with the recipe that made it.")
        }
      </p>
      ${
        searching
          ? html`<button class="button" type="button" @click=${() => this.#list?.search({})}>
              ${msg("Show all")}
            </button>`
          : html`<a class="button primary" href="#/generate">${msg("Make the first one")}</a>`
      }
    </div>`;
  }

  #renderGrid(): TemplateResult {
    const { pictures } = this.#pictures.value;
    const side = this.#wide.matches ? "200px" : "108px";
    return html`<lit-virtualizer
      scroller
      class="grid"
      .items=${[...pictures]}
      .keyFunction=${(picture?: PictureRecord) => picture?.id ?? 0}
      .renderItem=${this.#renderTile}
      .layout=${grid({ itemSize: side, gap: this.#wide.matches ? "12px" : "6px", padding: "12px", flex: TILE_FLEX })}
      @keydown=${this.#moveFocus}
      @visibilityChanged=${(event: Event & { readonly last: number }) => {
        if (event.last > pictures.length - LOOK_AHEAD) void this.#list?.loadMore();
      }}
    ></lit-virtualizer>`;
  }

  #renderLightbox(picture: PictureRecord): TemplateResult {
    return html`<kiln-picture-lightbox
      .picture=${picture}
      .src=${this.#full.url}
      ?missing=${this.#full.failed}
      ?has-previous=${this.#neighbour(-1) !== undefined}
      ?has-next=${this.#neighbour(1) !== undefined}
      @lightbox-step=${(event: KilnEvent<"lightbox-step">) =>
        (this.openId = this.#neighbour(event.detail.step)?.id ?? this.openId)}
      @lightbox-close=${() => (this.openId = undefined)}
      @picture-favourite=${() => void toggleFavourite(this.app, picture)}
      @picture-restore=${() => this.#toGenerate(restorePicture, picture)}
      @picture-seed=${() => this.#toGenerate(restoreSeed, picture)}
      @picture-download=${() => void downloadPicture(this.app, picture)}
      @picture-upscale=${() => this.#toUpscale(picture)}
      @picture-copy=${() => void copyInfotext(this.app, picture)}
      @picture-delete=${() => void this.#delete(picture)}
    ></kiln-picture-lightbox>`;
  }

  override render(): TemplateResult {
    const { pictures, loaded } = this.#pictures.value;
    const open = this.#open;
    return html`
      ${this.#renderBar()} ${loaded && pictures.length === 0 ? this.#renderEmpty() : this.#renderGrid()}
      ${open ? this.#renderLightbox(open) : nothing}
    `;
  }
}
