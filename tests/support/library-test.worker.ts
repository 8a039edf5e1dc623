// The library in a worker of its own for browser tests, with the failures a test can order. Not the app's worker entry.

import { expose } from "comlink";
import { LocalLibrary } from "../../src/library/local-library.ts";
import { openModelFiles } from "../../src/library/model-files.ts";
import { ModelOpener } from "../../src/library/open-model.ts";
import { serializeError, type SerializedError } from "../../src/protocol/app-error.ts";
import type { ImportProgress, ModelRecord } from "../../src/protocol/library-api.ts";

export type Outcome<T> = { readonly value: T } | { readonly error: SerializedError };

/** What a test learns of an opened model: only numbers and text cross the port. */
export interface OpenedSummary {
  readonly record: ModelRecord;
  readonly byteLength: number;
  readonly head: Uint8Array;
  readonly vocabulary?: unknown;
  readonly merges?: string;
}

let freeSpace: (() => Promise<number>) | undefined;
let library = new LocalLibrary();
let opener: ModelOpener | undefined;

async function outcome<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work };
  } catch (error) {
    return { error: serializeError(error) };
  }
}

const libraryTests = {
  /** Starts as after a reload; `freeBytes` replaces the browser's estimate. */
  async start(baseUrl: string, freeBytes?: number): Promise<Outcome<void>> {
    await library.dispose();
    opener?.dispose();
    freeSpace = freeBytes === undefined ? undefined : () => Promise.resolve(freeBytes);
    library = new LocalLibrary(freeSpace);
    opener = new ModelOpener(baseUrl);
    return await outcome(library.start({ baseUrl }));
  },
  list: () => library.listModels(),
  importFile: (file: File, onProgress: (progress: ImportProgress) => void) =>
    outcome(library.importFile(file, onProgress)),
  link: (handle: FileSystemFileHandle) => outcome(library.linkFile(handle, () => undefined)),
  /** State of each linked file, by id. */
  links: async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries((await library.links.list()).map(({ modelId, state }) => [modelId, state])),
  checkLink: (id: string) => outcome(library.links.check(id, () => undefined)),
  problems: async (thorough: boolean): Promise<readonly string[]> =>
    (await library.storage.check(thorough, () => undefined)).map(({ kind }) => kind),
  remove: (id: string) => outcome(library.removeModel(id)),
  open: (id: string): Promise<Outcome<OpenedSummary>> =>
    outcome(
      opener!.open(id).then(({ record, source, tokenizer }) => ({
        record,
        byteLength: source.byteLength,
        head: source.readSync(0, 64),
        vocabulary: tokenizer?.vocabJson,
        merges: tokenizer?.mergesText,
      })),
    ),
  /** A whole file whose record was never written. */
  async leaveFileWithoutRecord(id: string): Promise<void> {
    const incoming = await (await openModelFiles()).receive();
    incoming.write(new Uint8Array(1000));
    await incoming.keep(id, "lost.safetensors");
  },
};

export type LibraryTests = typeof libraryTests;

expose(libraryTests);
