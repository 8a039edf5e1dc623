// The gallery page's list: pages of records for the current search, more as the grid scrolls, fresh after every change.

import type { GalleryStore, PictureFilter } from "../../gallery/gallery-store.ts";
import type { PictureRecord } from "../../gallery/picture-record.ts";
import { Observable } from "./observable.ts";

export interface GalleryListState {
  readonly filter: PictureFilter;
  readonly pictures: readonly PictureRecord[];
  /** All that match, loaded or not. */
  readonly total: number;
  readonly loaded: boolean;
}

const PAGE = 120;

export class GalleryList {
  readonly state = new Observable<GalleryListState>({ filter: {}, pictures: [], total: 0, loaded: false });
  readonly #gallery: GalleryStore;
  #next: number | undefined;
  /** Raised by every new search or reload, so that a late answer to an old one is dropped. */
  #generation = 0;
  #loading = false;
  readonly #unsubscribe: () => void;

  constructor(gallery: GalleryStore) {
    this.#gallery = gallery;
    this.#unsubscribe = gallery.subscribe(() => void this.#reload());
  }

  search(filter: PictureFilter): void {
    this.state.patch({ filter });
    void this.#reload();
  }

  /** The next page, if there is one and it is not already on its way. */
  async loadMore(): Promise<void> {
    if (this.#next === undefined || this.#loading) return;
    this.#loading = true;
    const generation = this.#generation;
    const page = await this.#gallery.list(this.state.value.filter, { before: this.#next, limit: PAGE });
    if (generation !== this.#generation) return;
    this.#loading = false;
    this.#next = page.next;
    this.state.patch({ pictures: [...this.state.value.pictures, ...page.pictures], total: page.total });
  }

  dispose(): void {
    this.#unsubscribe();
  }

  /** As many as are shown now: a change must not throw the reader back to the top. */
  async #reload(): Promise<void> {
    const generation = ++this.#generation;
    this.#loading = true;
    const limit = Math.max(PAGE, this.state.value.pictures.length);
    const page = await this.#gallery.list(this.state.value.filter, { limit });
    if (generation !== this.#generation) return;
    this.#loading = false;
    this.#next = page.next;
    this.state.patch({ pictures: page.pictures, total: page.total, loaded: true });
  }
}
