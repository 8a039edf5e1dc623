// Records and files of tests/fixtures/parts, as the library has them beside the tiny checkpoint. For tests in Node only.

import { readFileSync } from "node:fs";
import type { OpenedModel } from "../../src/library/open-model.ts";
import type { ModelRecord } from "../../src/protocol/library-api.ts";
import type { ModelType } from "../../src/protocol/model-manifest.ts";
import { memorySource } from "../../src/weights/memory-source.ts";
import { openTinyModel } from "./node-fixtures.ts";

export const partBytes = (name: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/parts/${name}`, import.meta.url));

/** The id is the file's name, the hash its first letter over and over. */
export function partRecord(
  fileName: string,
  type: ModelType,
  changes: Partial<ModelRecord> = {},
): ModelRecord {
  return {
    id: fileName,
    name: fileName,
    type,
    family: "",
    bytes: 1,
    sha256: fileName.charCodeAt(0).toString(16).repeat(32),
    origin: "imported",
    fileName,
    dtype: "F32",
    needs: { memoryBytes: 1, features: [] },
    license: "unknown",
    addedAt: 0,
    ...changes,
  };
}

/** Opens records whose files are fixtures, and the tiny checkpoint for every other id. */
export function openPart(records: readonly ModelRecord[]): (id: string) => Promise<OpenedModel> {
  return (id) => {
    const record = records.find((candidate) => candidate.id === id);
    return record
      ? Promise.resolve({ record, source: memorySource(partBytes(record.fileName), record.fileName) })
      : openTinyModel(id);
  };
}
