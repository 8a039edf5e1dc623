// The plain work that downloads are measured against: a transfer that keeps nothing, and one that only writes.

import { expose } from "comlink";
import { openPartFiles } from "../../src/library/downloads/part-files.ts";

async function readAll(url: string, consume: (chunk: Uint8Array<ArrayBuffer>) => void): Promise<number> {
  const started = performance.now();
  const { body } = await fetch(url, { cache: "no-store" });
  const reader = body!.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) consume(next.value);
  return (performance.now() - started) / 1000;
}

/** Seconds that each takes. */
const plainWork = {
  transfer: (url: string): Promise<number> => readAll(url, () => undefined),
  async store(url: string): Promise<number> {
    const parts = await openPartFiles();
    const part = await parts.open("bench");
    try {
      const seconds = await readAll(url, (chunk) => part.append(chunk));
      const started = performance.now();
      part.flush();
      return seconds + (performance.now() - started) / 1000;
    } finally {
      part.close();
      await parts.remove("bench");
    }
  },
};

export type PlainWork = typeof plainWork;

expose(plainWork);
