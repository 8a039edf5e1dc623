// The newest pictures of the gallery, kept up to date for the film strip. The gallery page has its own, longer list.

import type { GalleryStore } from "../../gallery/gallery-store.ts";
import type { PictureRecord } from "../../gallery/picture-record.ts";
import { Observable } from "./observable.ts";

const SHOWN = 30;

export class RecentPictures {
  readonly pictures = new Observable<readonly PictureRecord[]>([]);
  readonly #gallery: GalleryStore;

  constructor(gallery: GalleryStore) {
    this.#gallery = gallery;
    gallery.subscribe(() => void this.load());
  }

  async load(): Promise<void> {
    this.pictures.set((await this.#gallery.list({}, { limit: SHOWN })).pictures);
  }
}
