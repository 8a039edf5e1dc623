// Parts around the metadata store for tests without a browser: models as records, previews in memory.

import type { Previews } from "../../src/library/metadata/previews.ts";
import type { ModelRecord } from "../../src/protocol/library-api.ts";

export function modelRecord(sha256: string, change: Partial<ModelRecord> = {}): ModelRecord {
  return {
    id: sha256,
    sha256,
    name: "My model",
    type: "checkpoint",
    family: "sd1",
    bytes: 1000,
    origin: "imported",
    fileName: "my model.safetensors",
    dtype: "F16",
    needs: { memoryBytes: 0, features: [] },
    license: "unknown",
    addedAt: Date.parse("2026-01-01"),
    ...change,
  };
}

/** Keeps what it is given as it is; re-encoding is tested in a browser. */
export function memoryPreviews(): Previews & { readonly kept: Map<string, Blob> } {
  const kept = new Map<string, Blob>();
  return {
    kept,
    put(id, picture) {
      kept.set(id, picture);
      return Promise.resolve(`.previews/${id}.webp`);
    },
    get: (id) => Promise.resolve(kept.get(id)),
    remove(id) {
      kept.delete(id);
      return Promise.resolve();
    },
  };
}
