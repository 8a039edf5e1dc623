// What pages let the user do with stored pictures: star, restore, delete with undo. The stores do the work.

import { msg, str } from "@lit/localize";
import type { PictureRecord } from "../gallery/picture-record.ts";
import type { NoiseSource } from "../protocol/generation-request.ts";
import type { App } from "./app.ts";
import { downloadBlob } from "./download.ts";
import { fromRequest, type Recipe } from "./recipe.ts";
import { readRestorable } from "./restore.ts";

export async function toggleFavourite(app: App, { id, favourite }: PictureRecord): Promise<void> {
  await app.gallery.setFavourite(id, !favourite);
}

/** Puts fields into the form, with an undo. */
export function restoreFields(app: App, fields: Partial<Recipe>, noiseSource: NoiseSource | undefined): void {
  const before = app.recipe.recipe;
  const noiseBefore = app.settings.get("noiseSource");
  const apply = (recipe: Partial<Recipe>, noise: NoiseSource): void => {
    app.recipe.patch(recipe);
    if (noise !== app.settings.get("noiseSource")) void app.settings.set("noiseSource", noise);
  };
  apply(fields, noiseSource ?? noiseBefore);
  app.toasts.show(msg("All parameters restored."), {
    action: { label: msg("Undo"), run: () => apply(before, noiseBefore) },
  });
}

/** Puts everything a picture was made with into the form. */
export function restorePicture(app: App, picture: PictureRecord): void {
  if (picture.request) {
    restoreFields(app, fromRequest(picture.request, picture.seed), picture.request.noiseSource);
    return;
  }
  const restorable = readRestorable(picture.infotext, app.models.state.value.models);
  if (restorable) restoreFields(app, restorable.fields, restorable.noiseSource);
}

export function restoreSeed(app: App, { seed }: PictureRecord): void {
  app.recipe.patch({ seed });
  app.toasts.show(msg(str`Seed ${seed} is in the form.`));
}

export async function copyInfotext(app: App, { infotext }: PictureRecord): Promise<void> {
  await navigator.clipboard.writeText(infotext);
  app.toasts.show(msg("Parameters copied as text."));
}

export async function downloadPicture(app: App, { id }: PictureRecord): Promise<void> {
  try {
    downloadBlob(await app.gallery.openFile(id));
  } catch (error) {
    app.toasts.show(error instanceof Error ? error.message : String(error));
  }
}

/** Chooses it on the Upscale page and goes there. */
export async function upscalePicture(app: App, picture: PictureRecord): Promise<void> {
  try {
    await app.upscaling.chooseFromGallery(picture);
    location.hash = "#/upscale";
  } catch (error) {
    app.toasts.show(error instanceof Error ? error.message : String(error));
  }
}

/** Deletes at once; the toast brings everything back, and when it goes the files go. */
export async function deletePicture(app: App, { id }: PictureRecord): Promise<void> {
  const undo = await app.gallery.remove([id]);
  app.toasts.show(msg("Picture deleted."), {
    action: { label: msg("Undo"), run: async () => void (await app.gallery.restore(undo)) },
    expired: () => void app.gallery.purge(undo),
  });
}
