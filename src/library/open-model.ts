// Opens a model of the library for reading: its bytes in place, its tokenizer and its record. Never writes models.

import { AppError } from "../protocol/app-error.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { ManifestModel, ModelManifest } from "../protocol/model-manifest.ts";
import { blobSource } from "../weights/blob-source.ts";
import type { ByteSource } from "../weights/byte-source.ts";
import type { FolderFile } from "../weights/diffusers-folder.ts";
import { embeddedRecords, fetchEmbeddedFile, fetchManifest, fileOfRole } from "./embedded-models.ts";
import { type LibraryDatabase, openLibraryDatabase } from "./library-database.ts";
import { openModelFiles } from "./model-files.ts";
import { openModelFile } from "./open-model-file.ts";
import { splitParts } from "./recognise-model.ts";

export interface TokenizerFiles {
  readonly vocabJson: unknown;
  readonly mergesText: string;
}

export interface OpenedModel {
  readonly source: ByteSource;
  /** Read instead of `source` where the model is a Diffusers folder: its `DiffusersFolder.files`, tokenizer included. */
  readonly folder?: readonly FolderFile[];
  /** Absent for models that use their family's tokenizer. */
  readonly tokenizer?: TokenizerFiles;
  readonly record: ModelRecord;
}

/** Keeps what it fetched: an embedded file is loaded once, whatever is opened how often. */
export class ModelOpener {
  readonly #baseUrl: string;
  readonly #blobs = new Map<string, Blob>();
  #manifest: ModelManifest | undefined;
  #database: LibraryDatabase | undefined;

  /** `baseUrl`: absolute URL of the folder the app is served from. */
  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  /** Embedded models first, then imported ones, newest first. Without IndexedDB the embedded ones alone. */
  async list(): Promise<readonly ModelRecord[]> {
    this.#manifest ??= await fetchManifest(this.#baseUrl);
    this.#database ??= await openLibraryDatabase().catch(() => undefined);
    const imported = (await this.#database?.getAllFromIndex("models", "addedAt")) ?? [];
    return [...embeddedRecords(this.#manifest), ...imported.reverse()];
  }

  /** @throws AppError ModelNotFound, FileFormat, Network. */
  async open(modelId: string): Promise<OpenedModel> {
    this.#manifest ??= await fetchManifest(this.#baseUrl);
    const record = embeddedRecords(this.#manifest).find((embedded) => embedded.id === modelId);
    const model = this.#manifest.models.find((candidate) => candidate.id === modelId);
    return record && model ? await this.#openEmbedded(record, model) : await this.#openImported(modelId);
  }

  dispose(): void {
    this.#database?.close();
    this.#database = undefined;
    this.#blobs.clear();
  }

  async #openEmbedded(record: ModelRecord, model: ManifestModel): Promise<OpenedModel> {
    const source = blobSource(await this.#file(model, model.type), record.fileName);
    if (!fileOfRole(model, "vocabulary")) return { source, record };
    const vocabulary = await (await this.#file(model, "vocabulary")).text();
    const mergesText = await (await this.#file(model, "merges")).text();
    return { source, record, tokenizer: { vocabJson: JSON.parse(vocabulary) as unknown, mergesText } };
  }

  async #openImported(modelId: string): Promise<OpenedModel> {
    this.#database ??= await openLibraryDatabase();
    const record = await this.#database.get("models", modelId);
    if (!record) throw notFound(modelId, `There is no model "${modelId}" on this device.`, "no record");
    const file = await openModelFile(record, await openModelFiles(), this.#database);
    if (!file) {
      throw notFound(
        modelId,
        `The file of ${record.name} is gone. Remove the model and import it again.`,
        "no file",
      );
    }
    if (file.size !== record.bytes) {
      throw new AppError("FileFormat", `The file of ${record.name} was damaged on disk. Import it again.`, {
        where: record.fileName,
        expected: `${record.bytes} bytes`,
        got: `${file.size} bytes`,
      });
    }
    const source = blobSource(file, record.fileName);
    return { source, record, ...(record.parts && { folder: splitParts(file, record.parts) }) };
  }

  async #file(model: ManifestModel, role: string): Promise<Blob> {
    const file = fileOfRole(model, role);
    if (!file)
      throw notFound(model.id, `${model.name} has no ${role} file in models-manifest.json.`, "no entry");
    const known = this.#blobs.get(file.sha256);
    if (known) return known;
    // Without IndexedDB the embedded model still works: it is then verified every time.
    this.#database ??= await openLibraryDatabase().catch(() => undefined);
    const blob = await fetchEmbeddedFile(this.#baseUrl, file, this.#database);
    this.#blobs.set(file.sha256, blob);
    return blob;
  }
}

function notFound(modelId: string, message: string, got: string): AppError {
  return new AppError("ModelNotFound", message, { where: modelId, expected: "a model of the library", got });
}
