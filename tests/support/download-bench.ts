// A queue of downloads on memory and a test host, and ways to wait for what it does. For tests in Node.

import { createHash } from "node:crypto";
import { DownloadJournal } from "../../src/library/downloads/download-journal.ts";
import { DownloadQueue, type QueueContext } from "../../src/library/downloads/download-queue.ts";
import type { LibraryDatabase } from "../../src/library/library-database.ts";
import type { Download, DownloadEvent, DownloadState } from "../../src/protocol/downloads-api.ts";
import type { ModelRecord } from "../../src/protocol/library-api.ts";
import { MemoryParts } from "./memory-parts.ts";

export class DownloadBench {
  readonly parts = new MemoryParts();
  readonly events: DownloadEvent[] = [];
  readonly stored = new Map<string, Uint8Array>();
  readonly journal: DownloadJournal;
  freeBytes = 10 ** 12;
  queue: DownloadQueue;
  readonly #fields: Partial<QueueContext>;

  constructor(database: LibraryDatabase, fields: Partial<QueueContext> = {}) {
    this.journal = new DownloadJournal(database);
    this.#fields = fields;
    this.queue = this.#open();
  }

  /** As after a reload: nothing but the journal and the parts is left. */
  async reopen(): Promise<void> {
    await this.queue.dispose();
    this.queue = this.#open();
  }

  async state(id: string): Promise<Download | undefined> {
    return (await this.queue.list()).find((download) => download.id === id);
  }

  /** The download once it is in one of `states`. */
  async until(id: string, ...states: readonly DownloadState[]): Promise<Download> {
    const started = Date.now();
    for (;;) {
      const download = await this.state(id);
      if (download && states.includes(download.state)) return download;
      if (Date.now() - started > 30_000) {
        throw new Error(`${id} is ${JSON.stringify(download)}, not ${states.join(" or ")}.`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #open(): DownloadQueue {
    const queue = new DownloadQueue({
      journal: this.journal,
      parts: this.parts,
      freeSpace: () => Promise.resolve(this.freeBytes),
      locks: undefined,
      channel: new BroadcastChannel(`downloads-${crypto.randomUUID()}`),
      store: async (part, { fileName, sha256 }) => {
        const bytes = new Uint8Array(await part.file.arrayBuffer());
        this.stored.set(fileName, bytes);
        await part.remove();
        return recordOf(fileName, bytes.byteLength, sha256);
      },
      importFile: async (file) => {
        const bytes = new Uint8Array(await file.arrayBuffer());
        return recordOf(file.name, file.size, createHash("sha256").update(bytes).digest("hex"));
      },
      findModel: () => Promise.resolve(undefined),
      ...this.#fields,
    });
    void queue.subscribe((event) => this.events.push(event));
    return queue;
  }
}

export function recordOf(fileName: string, bytes: number, sha256: string): ModelRecord {
  return {
    ...{ id: sha256, name: fileName, fileName, bytes, sha256, type: "checkpoint", family: "sd1" },
    ...{ origin: "imported", dtype: "F16", license: "unknown", addedAt: 1 },
    needs: { memoryBytes: bytes, features: [] },
    defaults: {
      ...{ width: 64, height: 64, steps: 1, guidanceScale: 1 },
      ...{ sampler: "Euler", schedule: "Normal", clipSkip: 1 },
    },
  };
}
