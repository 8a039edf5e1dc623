// The library's worker: models on disk, apart from the engine so that an import never waits for a picture.

import { expose } from "comlink";
import { LocalLibrary } from "../library/local-library.ts";
import type { LibraryWorkerApi } from "../protocol/library-api.ts";
import { carryErrorDetails } from "./error-transfer.ts";
import { holdLifeLock } from "./life-lock.ts";

const library = new LocalLibrary();

const api: LibraryWorkerApi = {
  start: (options) => library.start(options),
  listModels: () => library.listModels(),
  importFile: (file, onProgress) => library.importFile(file, onProgress),
  importFolder: (entries, onProgress) => library.importFolder(entries, onProgress),
  linkFile: (handle, onProgress) => library.linkFile(handle, onProgress),
  removeModel: (id) => library.removeModel(id),
  get downloads() {
    return library.downloads;
  },
  get metadata() {
    return library.metadata;
  },
  get civitai() {
    return library.civitai;
  },
  get folders() {
    return library.folders;
  },
  get hashes() {
    return library.hashes;
  },
  get storage() {
    return library.storage;
  },
  get links() {
    return library.links;
  },
};

carryErrorDetails();
holdLifeLock();
expose(api);
