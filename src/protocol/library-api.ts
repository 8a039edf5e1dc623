// The wall between the page and the library worker: models on this device. Plain data only crosses it.

import type { CivitaiCatalog } from "./civitai-api.ts";
import type { Downloads } from "./downloads-api.ts";
import type { LibraryStorage } from "./library-storage.ts";
import type { LinkedFiles } from "./linked-files.ts";
import type { ModelMetadataStore } from "./metadata-api.ts";
import type { ModelHashing } from "./model-hashes.ts";
import type { ModelDefaults, ModelNeeds, ModelType } from "./model-manifest.ts";
import type { WatchedFolders } from "./watched-folders-api.ts";

/** One model on this device, whatever kind: a checkpoint to draw with, or something used beside one. */
export interface ModelRecord {
  readonly id: string;
  readonly name: string;
  readonly type: ModelType;
  /**
   * Id of a row of models/families.ts: a checkpoint's own; for anything else the plainest row of the architecture it is for.
   * Empty where the file does not tell, or where it does not matter, as for upscalers.
   */
  readonly family: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly origin: "embedded" | "imported";
  readonly fileName: string;
  /** Of a model that is published as a folder: the files that are stored in `fileName`, one behind the other. */
  readonly parts?: readonly ModelPart[];
  /** Its file stays where the user keeps it; there is no copy of it here. With the date that it had when it was hashed. */
  readonly linked?: { readonly modifiedAt: number };
  /** ONNX graphs that run as they were published; absent for weights that graphs are built of. */
  readonly format?: "onnx";
  /** What such graphs were made for; absent where any will do. */
  readonly fixed?: FixedRequest;
  /** Dominant dtype of the weights, as stored. */
  readonly dtype: string;
  /** Of checkpoints only; see `isCheckpoint`. */
  readonly defaults?: ModelDefaults;
  /** Of embeddings: how many tokens of a prompt each takes. */
  readonly vectors?: number;
  /** Of LoRAs that were trained for few steps. */
  readonly suggests?: SuggestedSettings;
  /** Of upscalers: output pixels per input pixel along one side. */
  readonly scale?: number;
  readonly needs: ModelNeeds;
  readonly license: string;
  /** Prompts that show what it can do. */
  readonly examples?: readonly string[];
  /** Of models that come with the app; what is known of others is in their metadata alone. */
  readonly description?: string;
  readonly triggerWords?: readonly string[];
  /** Of models that come with the app: a picture beside it, shown until the user sets one. */
  readonly preview?: string;
  /** Milliseconds since the epoch; 0 for embedded models. */
  readonly addedAt: number;
}

export interface ModelPart {
  /** Below the model's folder, with "/". */
  readonly path: string;
  readonly bytes: number;
  /** Of parts that were downloaded and proven one by one. */
  readonly sha256?: string;
}

export interface FixedRequest {
  readonly width?: number;
  readonly height?: number;
  /** Pictures made at once are at most as many. */
  readonly batch?: number;
}

export type SuggestedSettings = Pick<ModelDefaults, "steps" | "guidanceScale" | "sampler" | "schedule">;

/** A file of a folder, with the folder's own name first in its path: "my-model/unet/config.json". */
export interface FolderEntry {
  readonly path: string;
  readonly file: File;
}

/** A model that pictures can be made with. */
export interface CheckpointRecord extends ModelRecord {
  readonly type: "checkpoint";
  readonly defaults: ModelDefaults;
}

export function isCheckpoint(record: ModelRecord): record is CheckpointRecord {
  return record.type === "checkpoint" && record.defaults !== undefined;
}

export interface ImportProgress {
  readonly fileName: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** Implemented by library/ in its worker, mirrored by client/ on the page. */
export interface Library {
  start(options: { readonly baseUrl: string }): Promise<void>;
  listModels(): Promise<readonly ModelRecord[]>;
  /**
   * Recognises a file, streams it into OPFS while hashing and records it. The file is read through `file` only; nothing is
   * visible before size and hash are known. Rejects with FileFormat, UnsupportedModel or StorageFull and leaves nothing behind.
   */
  importFile(file: File, onProgress: (progress: ImportProgress) => void): Promise<ModelRecord>;
  /** The same for a model that is published as a folder of files; of these it stores those that the model consists of. */
  importFolder(
    entries: readonly FolderEntry[],
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ModelRecord>;
  /**
   * Uses a file where it is, without copying it: recognised, hashed and recorded, and read through `handle` from then on. When
   * the browser takes its leave back, opening the model rejects with AccessDenied; when the file changed, with HashMismatch.
   */
  linkFile(
    handle: FileSystemFileHandle,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ModelRecord>;
  /** The file of a linked model stays. */
  removeModel(id: string): Promise<void>;
}

/** Everything the library's worker offers; client/ mirrors all of it. */
export interface LibraryWorkerApi extends Library {
  readonly downloads: Downloads;
  readonly metadata: ModelMetadataStore;
  readonly civitai: CivitaiCatalog;
  readonly folders: WatchedFolders;
  readonly hashes: ModelHashing;
  readonly storage: LibraryStorage;
  readonly links: LinkedFiles;
}
