// Databases that earlier versions of the app left behind are opened with all they hold.

import "fake-indexeddb/auto";
import { openDB } from "idb";
import { expect, test } from "vitest";
import { openLibraryDatabase } from "../../../src/library/library-database.ts";
import { isCheckpoint } from "../../../src/protocol/library-api.ts";

// As version 1 wrote it, when checkpoints were all there was.
const OLD_RECORD = {
  id: "ab",
  name: "Old",
  type: "checkpoint",
  family: "sd1",
  bytes: 5,
  sha256: "ab",
  origin: "imported",
  fileName: "old.safetensors",
  dtype: "F16",
  defaults: {
    ...{ width: 512, height: 512, steps: 20, guidanceScale: 7 },
    ...{ sampler: "DPM++ 2M", schedule: "Karras", clipSkip: 1 },
  },
  needs: { memoryBytes: 1, features: [] },
  license: "unknown",
  addedAt: 3,
};

test("records of version 1 stay, and are checkpoints", async () => {
  const old = await openDB("library-of-version-1", 1, {
    upgrade(database) {
      database.createObjectStore("models", { keyPath: "id" }).createIndex("addedAt", "addedAt");
      database.createObjectStore("verified", { keyPath: "key" });
    },
  });
  await old.put("models", OLD_RECORD);
  old.close();

  const database = await openLibraryDatabase("library-of-version-1");
  const records = await database.getAllFromIndex("models", "addedAt");
  expect(records).toEqual([OLD_RECORD]);
  expect(records.filter(isCheckpoint)).toHaveLength(1);
  database.close();
});
