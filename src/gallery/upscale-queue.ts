// The persistent queue of pictures to enlarge, with the pictures themselves until they are done. Enlarges nothing.

import { AppError } from "../protocol/app-error.ts";
import type { UpscaleRequest } from "../protocol/upscale-request.ts";
import { whenNobodyWrites, whileWriting } from "../shared/write-lock.ts";
import type { PageDatabase } from "./page-database.ts";
import { QueueStore, type Queued } from "./queue-store.ts";
import { namingStorageErrors } from "./storage-errors.ts";
import { lockManager, type TabPresence } from "./tab-locks.ts";

const WRITING = "kiln-upscales-writing";

/** The picture is stored apart: the queue is rewritten with every change. */
export type StoredUpscale = Omit<UpscaleRequest, "file">;
export type QueuedUpscale = Queued<StoredUpscale>;

// Must store the picture before its job and remove the job before its picture: a crash leaves a picture without a job,
// which `recover` removes, never a job without its picture.
export class UpscaleQueue {
  readonly jobs: QueueStore<StoredUpscale>;
  readonly #database: PageDatabase;

  constructor(database: PageDatabase, presence: TabPresence) {
    this.#database = database;
    this.jobs = new QueueStore<StoredUpscale>(database, presence, "upscales");
  }

  /** @throws AppError StorageFull; nothing is queued then. */
  async enqueue({ file, ...request }: UpscaleRequest): Promise<QueuedUpscale> {
    const id = crypto.randomUUID();
    // A copy of the bytes: what a File of another folder points to may be gone tomorrow.
    const copy = new Blob([await file.arrayBuffer()], { type: file.type });
    return await namingStorageErrors(request.fileName, file.size, () =>
      whileWriting(lockManager(), WRITING, async () => {
        await this.#database.put("sources", copy, id);
        return await this.jobs.enqueue(request, { id });
      }),
    );
  }

  /** @throws AppError PictureNotFound where the browser has evicted the picture. */
  async openRequest({ id, request }: QueuedUpscale): Promise<UpscaleRequest> {
    const file = await this.#database.get("sources", id);
    if (file) return { ...request, file };
    throw new AppError("PictureNotFound", `${request.fileName} is no longer on this device. Add it again.`, {
      where: request.fileName,
      expected: "a stored picture",
      got: "none",
    });
  }

  /** The job ended or is no longer wanted. */
  async remove(id: string): Promise<void> {
    await this.jobs.remove(id);
    await this.#database.delete("sources", id);
  }

  /** Jobs of tabs that are gone wait again; pictures that no job waits for are removed. Call once when the page starts. */
  async recover(): Promise<void> {
    await this.jobs.recover();
    await whenNobodyWrites(lockManager(), WRITING, async () => {
      const jobs = await this.#database.getAllKeys("upscales");
      const sources = await this.#database.getAllKeys("sources");
      const orphans = sources.filter((id) => !jobs.includes(id));
      await Promise.all(orphans.map((id) => this.#database.delete("sources", id)));
    });
  }

  dispose(): void {
    this.jobs.dispose();
  }
}
