// A gallery over an in-memory IndexedDB for unit tests, with pictures made of a few bytes. Draws nothing.

import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { GalleryStore } from "../../../src/gallery/gallery-store.ts";
import { openPageDatabase, type PageDatabase } from "../../../src/gallery/page-database.ts";
import { databaseFiles, type PictureFiles } from "../../../src/gallery/picture-files.ts";
import type { GeneratedPicture, GenerationRequest } from "../../../src/protocol/generation-request.ts";

export const request: GenerationRequest = {
  prompt: "a red lighthouse by the sea",
  negativePrompt: "blurry, fog",
  modelId: "kiln-small",
  loras: [],
  width: 256,
  height: 256,
  steps: 12,
  guidanceScale: 5,
  sampler: "DPM++ 2M",
  schedule: "Karras",
  seed: 7,
  batchCount: 1,
  batchSize: 1,
  clipSkip: 1,
  noiseSource: "cpu",
  preview: false,
};

export function picture(fields: Partial<GeneratedPicture> = {}): GeneratedPicture {
  const jobId = fields.jobId ?? crypto.randomUUID();
  const file = new Blob([`picture of ${jobId}`], { type: "image/png" });
  const infotext = `${request.prompt}\nSteps: 12, Seed: 7, Model: Kiln Small`;
  return { jobId, index: 0, seed: 7, width: 256, height: 256, file, infotext, ...fields };
}

export interface GalleryFixture {
  readonly database: PageDatabase;
  readonly files: PictureFiles;
  readonly gallery: GalleryStore;
}

/** A fresh, empty database for every call. */
export async function openFixture(): Promise<GalleryFixture> {
  globalThis.indexedDB = new IDBFactory();
  return reopenFixture();
}

/** The same database after a reload of the page. */
export async function reopenFixture(): Promise<GalleryFixture> {
  const database = await openPageDatabase();
  const files = databaseFiles(database);
  const thumbnail = (file: Blob): Promise<Blob> => Promise.resolve(file.slice(0, 4));
  return { database, files, gallery: new GalleryStore(database, files, thumbnail) };
}
