// What "Use" does with each kind of model, and the other actions pages offer. The controllers do the work.

import { msg, str } from "@lit/localize";
import { isCheckpoint, type ModelRecord } from "../protocol/library-api.ts";
import type { ModelType } from "../protocol/model-manifest.ts";
import type { App } from "./app.ts";
import { downloadBlob } from "./download.ts";
import type { LibraryEntry } from "./model-filter.ts";
import { nameOf } from "./model-filter.ts";

interface Use {
  readonly label: () => string;
  /** Already what Use would make of it. */
  readonly used: (app: App, record: ModelRecord) => boolean;
  readonly run: (app: App, entry: LibraryEntry) => void;
}

/** Embeddings are called by their file's name, as other programs do. */
function callName({ fileName }: ModelRecord): string {
  return fileName.replace(/\.[^.]+$/, "");
}

/** Puts text at the end of the prompt, with an undo. */
export function addToPrompt(app: App, text: string): void {
  const before = app.recipe.recipe.prompt;
  const prompt = before.trim() === "" ? text : `${before.trimEnd().replace(/,$/, "")}, ${text}`;
  app.recipe.patch({ prompt });
  app.toasts.show(msg(str`“${text}” is in the prompt.`), {
    action: { label: msg("Undo"), run: () => app.recipe.patch({ prompt: before }) },
  });
}

const USES: Readonly<Partial<Record<ModelType, Use>>> = {
  checkpoint: {
    label: () => msg("Use"),
    used: (app, { id }) => app.recipe.recipe.modelId === id,
    run: (app, { record }) => {
      app.recipe.patch({ modelId: record.id });
      location.hash = "#/generate";
    },
  },
  lora: {
    label: () => msg("Add"),
    used: (app, { id }) => app.recipe.recipe.loras.some(({ modelId }) => modelId === id),
    run: (app, { record, metadata }) => {
      const before = app.recipe.recipe.loras;
      const weight = metadata?.preferred_strength ?? 1;
      const added = { modelId: record.id, unetWeight: weight, textWeight: weight };
      app.recipe.patch({ loras: [...before, added] });
      app.toasts.show(msg(str`${record.name} is added with strength ${weight}.`), {
        action: { label: msg("Undo"), run: () => app.recipe.patch({ loras: before }) },
      });
    },
  },
  vae: {
    label: () => msg("Use"),
    used: (app, { id }) => app.recipe.recipe.vaeId === id,
    run: (app, { record }) => {
      const before = app.recipe.recipe.vaeId;
      app.recipe.patch({ vaeId: record.id });
      app.toasts.show(msg(str`${record.name} is the VAE now.`), {
        action: { label: msg("Undo"), run: () => app.recipe.patch({ vaeId: before }) },
      });
    },
  },
  embedding: {
    label: () => msg("Insert"),
    used: () => false,
    run: (app, { record }) => addToPrompt(app, callName(record)),
  },
};

export function useOf(record: ModelRecord): Use | undefined {
  if (record.type === "checkpoint" && !isCheckpoint(record)) return undefined;
  return USES[record.type];
}

/** Gigabytes cannot be kept for an undo: the removal waits until the offer to undo it is over. */
export function offerRemoval(app: App, entries: readonly LibraryEntry[]): void {
  const removable = entries.filter(({ record }) => record.origin === "imported");
  if (removable.length === 0) {
    app.toasts.show(msg("Models that come with the app stay."));
    return;
  }
  const ids = removable.map(({ record }) => record.id);
  app.models.hide(...ids);
  const what =
    removable.length === 1
      ? removable[0].record.linked
        ? msg(str`${nameOf(removable[0])} is being forgotten; its file stays where it is.`)
        : msg(str`${nameOf(removable[0])} is being removed.`)
      : msg(str`${removable.length} models are being removed.`);
  app.toasts.show(what, {
    action: { label: msg("Undo"), run: () => app.models.unhide(...ids) },
    expired: () => void app.models.remove(...ids),
  });
}

/** A copy of the model's file outside the browser. */
export async function saveModel(app: App, { record }: LibraryEntry): Promise<void> {
  const outcome = await app.saving.save(record.id, record.fileName);
  if (outcome === "written") app.toasts.show(msg(str`${record.fileName} is saved.`));
}

/** Saved elsewhere first, and removed here only after its last byte was written. */
export async function moveModelOut(app: App, entry: LibraryEntry): Promise<void> {
  if ((await app.saving.save(entry.record.id, entry.record.fileName)) === "written")
    offerRemoval(app, [entry]);
}

export async function exportMetadata(app: App, entries: readonly LibraryEntry[]): Promise<void> {
  try {
    for (const { record } of entries) {
      const files = await app.metadata.exportSidecar(record.id, app.settings.get("sidecarFormat"));
      for (const file of files) downloadBlob(file);
    }
  } catch (error) {
    app.toasts.show(error instanceof Error ? error.message : String(error));
  }
}

export async function copyWords(app: App, words: readonly string[]): Promise<void> {
  await navigator.clipboard.writeText(words.join(", "));
  app.toasts.show(msg("Trigger words copied."));
}
