// Parts of downloads in memory, with the same contract as those on disk. For tests in Node.

import type { PartFile, PartFiles } from "../../src/library/downloads/part-files.ts";

export class MemoryParts implements PartFiles {
  readonly parts = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly busy = new Set<string>();
  capacity = Infinity;

  open(id: string): Promise<PartFile> {
    if (this.busy.has(id)) return Promise.reject(new Error(`${id} is open already.`));
    this.busy.add(id);
    let buffer = this.parts.get(id) ?? new Uint8Array();
    let end = buffer.byteLength;
    const save = (): void => void this.parts.set(id, buffer.slice(0, end));
    return Promise.resolve({
      size: () => end,
      append: (chunk) => {
        if (end + chunk.byteLength > this.capacity) throw new DOMException("full", "QuotaExceededError");
        if (end + chunk.byteLength > buffer.byteLength) {
          const larger = new Uint8Array(2 * (end + chunk.byteLength));
          larger.set(buffer.subarray(0, end));
          buffer = larger;
        }
        buffer.set(chunk, end);
        end += chunk.byteLength;
      },
      read: (target, start) => {
        const bytes = buffer.subarray(start, Math.min(end, start + target.byteLength));
        target.set(bytes);
        return bytes.byteLength;
      },
      truncate: (size) => void (end = size),
      flush: save,
      close: () => {
        save();
        this.busy.delete(id);
      },
    });
  }

  find(id: string) {
    const bytes = this.parts.get(id);
    if (!bytes) return Promise.resolve(undefined);
    return Promise.resolve({
      file: new File([bytes], `${id}.part`),
      moveTo: () => Promise.resolve(void this.parts.delete(id)),
      remove: () => this.remove(id),
    });
  }

  remove(id: string): Promise<void> {
    if (!this.busy.has(id)) this.parts.delete(id);
    return Promise.resolve();
  }

  totalBytes(): Promise<number> {
    return Promise.resolve([...this.parts.values()].reduce((sum, { byteLength }) => sum + byteLength, 0));
  }

  tidy(ids: ReadonlySet<string>): Promise<void> {
    for (const id of this.parts.keys()) if (!ids.has(id)) this.parts.delete(id);
    return Promise.resolve();
  }
}
