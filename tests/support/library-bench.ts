// The page that scripts/bench-library.ts measures in: the app's own library beside the plain work it is compared with.

import { wrap } from "comlink";
import { LibraryClient } from "../../src/client/library-client.ts";
import { openLibraryDatabase } from "../../src/library/library-database.ts";
import type { ModelRecord } from "../../src/protocol/library-api.ts";
import type { PlainWork } from "./library-bench.worker.ts";

const BASE = { baseUrl: new URL("/", location.origin).href };

const worker = new Worker(new URL("./library-bench.worker.ts", import.meta.url), { type: "module" });
const plain = wrap<PlainWork>(worker);
let library: LibraryClient | undefined;

async function openLibrary(): Promise<LibraryClient> {
  if (library) return library;
  library = new LibraryClient();
  await library.start(BASE);
  return library;
}

function recordNumber(i: number): ModelRecord {
  const sha256 = i.toString(16).padStart(64, "0");
  return {
    ...{ id: sha256, sha256, name: `Model ${i}`, fileName: `model-${i}.safetensors`, bytes: 2 ** 31 },
    ...{ type: "lora", family: "sd1", origin: "imported", dtype: "F16", license: "unknown", addedAt: i },
    needs: { memoryBytes: 0, features: [] },
  };
}

const libraryBench = {
  /** Starts the library's worker, so that starting it is not measured. */
  open: async (): Promise<void> => void (await openLibrary()),
  transfer: (url: string): Promise<number> => plain.transfer(url),
  store: (url: string): Promise<number> => plain.store(url),
  /** Seconds from the order to a file that is proven, recognised and listed. */
  async download(url: string): Promise<number> {
    const { downloads } = await openLibrary();
    const started = performance.now();
    const { id } = await downloads.add({ address: url });
    return await new Promise<number>((resolve, reject) => {
      const look = async (): Promise<void> => {
        const entry = (await downloads.list()).find((download) => download.id === id);
        if (entry?.state === "done") resolve((performance.now() - started) / 1000);
        else if (entry?.error) reject(new Error(entry.error.message));
      };
      void downloads.subscribe((event) => void (event.type === "changed" && look()));
      void look();
    });
  },
  /** Seconds for all kinds of hashes of the one stored model. Forgets them again. */
  async hashes(): Promise<number> {
    const client = await openLibrary();
    const stored = (await client.listModels()).find(({ origin }) => origin === "imported")!;
    const started = performance.now();
    await client.hashes.compute(stored.id);
    return (performance.now() - started) / 1000;
  },
  async removeAll(): Promise<void> {
    const client = await openLibrary();
    for (const { id } of await client.downloads.list()) await client.downloads.cancel(id);
    for (const { id, origin } of await client.listModels())
      if (origin === "imported") await client.removeModel(id);
  },
  async addRecords(count: number): Promise<void> {
    const database = await openLibraryDatabase();
    const { store, done } = database.transaction("models", "readwrite");
    await Promise.all(Array.from({ length: count }, (_, i) => store.put(recordNumber(i))));
    await done;
    database.close();
  },
  /** Milliseconds from a page without a library to the list of its models, the worker's start included. */
  async startUp(): Promise<{ readonly milliseconds: number; readonly models: number }> {
    const started = performance.now();
    const fresh = new LibraryClient();
    await fresh.start(BASE);
    const models = (await fresh.listModels()).length;
    return { milliseconds: performance.now() - started, models };
  },
};

declare global {
  interface Window {
    kilnLibraryBench: typeof libraryBench;
  }
}
window.kilnLibraryBench = libraryBench;
