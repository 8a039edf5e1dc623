// What an import does when storage fails under it. Disk and database are arithmetic here; tests/browser has the real ones.

import "fake-indexeddb/auto";
import { readFileSync } from "node:fs";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ImportContext, importFolder, importModel } from "../../../src/library/import-model.ts";
import { type LibraryDatabase, openLibraryDatabase } from "../../../src/library/library-database.ts";
import type { IncomingFile, ModelFiles } from "../../../src/library/model-files.ts";
import { recogniseFolder, splitParts } from "../../../src/library/recognise-model.ts";
import { detectExported } from "../../../src/models/exports/detect-exported.ts";
import type { FolderEntry, ImportProgress } from "../../../src/protocol/library-api.ts";
import { blobSource } from "../../../src/weights/blob-source.ts";
import { openDiffusersFolder } from "../../../src/weights/diffusers-folder.ts";
import { openOnnxFolder } from "../../../src/weights/onnx/onnx-folder.ts";
import { onnxFixture, onnxFolder, type OnnxFixture } from "../../support/onnx-folders.ts";
import { familyFolder } from "../../support/family-models.ts";

const tinyModel = readFileSync(new URL("../../fixtures/models/tiny.safetensors", import.meta.url));
const plenty = 10 ** 12;

/** A disk that records what happens to it. */
class FakeDisk implements ModelFiles {
  readonly kept = new Map<string, number>();
  discarded = 0;
  received = 0;
  capacity = Infinity;
  failingKeep: Error | undefined;
  /** Bytes that vanish between writing and counting. */
  lostBytes = 0;

  receive(): Promise<IncomingFile> {
    let size = 0;
    this.received++;
    return Promise.resolve({
      write: (chunk) => {
        if (size + chunk.byteLength > this.capacity) throw new DOMException("full", "QuotaExceededError");
        size += chunk.byteLength;
      },
      size: () => size - this.lostBytes,
      keep: (id, fileName) => {
        if (this.failingKeep) return Promise.reject(this.failingKeep);
        this.kept.set(`${id}/${fileName}`, size);
        return Promise.resolve();
      },
      discard: () => Promise.resolve(void this.discarded++),
    });
  }

  adopt(): Pick<IncomingFile, "keep" | "discard"> {
    throw new Error("An import adopts nothing.");
  }

  open(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  remove(id: string): Promise<void> {
    for (const path of this.kept.keys()) if (path.startsWith(`${id}/`)) this.kept.delete(path);
    return Promise.resolve();
  }

  tidy(): Promise<void> {
    return Promise.resolve();
  }
}

let database: LibraryDatabase;
let disk: FakeDisk;

function context(fields: Partial<ImportContext> = {}): ImportContext {
  return { database, files: disk, freeSpace: () => Promise.resolve(plenty), embedded: [], ...fields };
}

function importTiny(
  fields: Partial<ImportContext> = {},
  onProgress: (progress: ImportProgress) => void = () => undefined,
) {
  return importModel(new File([tinyModel], "tiny.safetensors"), context(fields), onProgress);
}

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  const locks = { request: (_name: string, run: () => Promise<unknown>) => run() };
  vi.stubGlobal("navigator", { locks });
  database = await openLibraryDatabase();
  disk = new FakeDisk();
});

afterEach(() => {
  database.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("an import ends with one file of the right size and one record", async () => {
  const reports: number[] = [];
  const record = await importTiny({}, ({ bytesDone }) => reports.push(bytesDone));
  expect([...disk.kept]).toEqual([[`${record.id}/tiny.safetensors`, tinyModel.length]]);
  expect(await database.getAll("models")).toEqual([record]);
  expect(reports.at(-1)).toBe(tinyModel.length);
  expect(disk.discarded).toBe(0);
});

test("a disk that fills up on the way is StorageFull and leaves nothing", async () => {
  disk.capacity = 1000;
  let free = plenty;
  const freeSpace = (): Promise<number> => {
    const now = free;
    free = 0;
    return Promise.resolve(now);
  };
  await expect(importTiny({ freeSpace })).rejects.toMatchObject({
    name: "StorageFull",
    details: { need: tinyModel.length, have: 0, where: "tiny.safetensors" },
  });
  expect([disk.discarded, disk.kept.size, await database.count("models")]).toEqual([1, 0, 0]);
});

test("a file that does not fit is refused before anything is written", async () => {
  await expect(importTiny({ freeSpace: () => Promise.resolve(tinyModel.length - 1) })).rejects.toMatchObject({
    name: "StorageFull",
    details: { need: tinyModel.length, have: tinyModel.length - 1 },
  });
  expect(disk.received).toBe(0);
  await expect(importTiny({ freeSpace: () => Promise.resolve(tinyModel.length) })).resolves.toBeDefined();
});

test("a copy that is shorter than the file is never kept", async () => {
  disk.lostBytes = 1;
  await expect(importTiny()).rejects.toMatchObject({
    name: "FileFormat",
    details: { expected: `${tinyModel.length} bytes`, got: `${tinyModel.length - 1} bytes` },
  });
  expect([disk.discarded, disk.kept.size, await database.count("models")]).toEqual([1, 0, 0]);
});

test("a failure to give the file its name discards it", async () => {
  disk.failingKeep = new Error("no rename");
  await expect(importTiny()).rejects.toThrow("no rename");
  expect([disk.discarded, disk.kept.size, await database.count("models")]).toEqual([1, 0, 0]);
});

test("a record that cannot be stored takes the file with it", async () => {
  vi.spyOn(database, "put").mockRejectedValue(new DOMException("full", "QuotaExceededError"));
  await expect(importTiny()).rejects.toMatchObject({ name: "StorageFull" });
  expect(disk.kept.size).toBe(0);
});

test("the embedded model's own file is recognised, not copied", async () => {
  const first = await importTiny();
  await database.clear("models");
  const embedded = { ...first, id: "embedded", origin: "embedded" as const };
  disk = new FakeDisk();
  expect(await importTiny({ embedded: [embedded] })).toEqual(embedded);
  expect(disk.received).toBe(0);
});

test("another file of the same size is a model of its own", async () => {
  const first = await importTiny();
  const changed = Uint8Array.from(tinyModel);
  changed[changed.length - 1] ^= 1;
  const second = await importModel(new File([changed], "tiny.safetensors"), context(), () => undefined);
  expect(second.id).not.toBe(first.id);
  expect(await database.count("models")).toBe(2);
});

/** As a drop gives it: below the folder's name, with files that the model does not need. */
async function folderEntries(): Promise<FolderEntry[]> {
  const files = await familyFolder({ unet: "xl" }, { prediction_type: "v_prediction" });
  const entries = await Promise.all(
    files.map(async ({ path, source }) => ({
      path: `tiny-v1.5/${path}`,
      file: new File([await source.read(0, source.byteLength)], path.split("/").at(-1)!),
    })),
  );
  return [...entries, { path: "tiny-v1.5/README.md", file: new File(["of no use"], "README.md") }];
}

test("a folder becomes one record and one file, which splits into what the model consists of", async () => {
  const entries = await folderEntries();
  const record = await importFolder(entries, context(), () => undefined);
  expect(record).toMatchObject({ name: "tiny-v1.5", family: "sdxl-v", fileName: "tiny-v1.5.folder" });
  expect([...disk.kept]).toEqual([[`${record.id}/tiny-v1.5.folder`, record.bytes]]);
  expect(record.parts!.map(({ path }) => path)).not.toContain("README.md");
  expect(record.parts!.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(record.bytes);

  const file = new Blob(
    record.parts!.map(({ path }) => entries.find((entry) => entry.path === `tiny-v1.5/${path}`)!.file),
  );
  const given = await openDiffusersFolder(
    entries.map(({ path, file: entry }) => ({ path, source: blobSource(entry, path) })),
    "given",
  );
  const stored = await openDiffusersFolder(splitParts(file, record.parts!), "stored");
  expect(await stored.readTokenizer!()).toEqual(await given.readTokenizer!());
  expect([...stored.checkpoint.tensors.keys()].sort()).toEqual([...given.checkpoint.tensors.keys()].sort());
  for (const [key, { start, end }] of given.checkpoint.tensors) {
    const there = stored.checkpoint.tensors.get(key)!;
    const bytes = await stored.checkpoint.source.read(there.start, there.end);
    expect(Buffer.compare(bytes, await given.checkpoint.source.read(start, end)), key).toBe(0);
  }
});

test("the same folder again is the model that is there", async () => {
  const first = await importFolder(await folderEntries(), context(), () => undefined);
  expect(await importFolder(await folderEntries(), context(), () => undefined)).toEqual(first);
  expect(disk.received).toBe(1);
});

test.each<[string, (entries: FolderEntry[]) => FolderEntry[], object]>([
  [
    "without an index",
    (entries) => entries.filter(({ path }) => !path.endsWith("model_index.json")),
    { name: "FileFormat", details: { where: "model_index.json" } },
  ],
  [
    "without a shard",
    (entries) => entries.filter(({ path }) => !path.includes("00002-of-00002")),
    { name: "FileFormat", details: { got: "no such file" } },
  ],
  [
    "without a VAE",
    (entries) => entries.filter(({ path }) => !path.includes("/vae/")),
    { name: "MissingTensor" },
  ],
  ["that is empty", () => [], { name: "FileFormat" }],
  [
    "of ONNX graphs",
    () => [{ path: "turbo/unet/model.onnx", file: new File(["x"], "model.onnx") }],
    { name: "FileFormat", details: { file: "turbo/unet/model.onnx" } },
  ],
])("a folder %s is refused by name, and nothing is written", async (_, change, error) => {
  const entries = change(await folderEntries());
  await expect(importFolder(entries, context(), () => undefined)).rejects.toMatchObject(error);
  expect([disk.received, await database.count("models")]).toEqual([0, 0]);
});

describe("a model that is published as ONNX graphs", () => {
  const entriesOf = async (name: OnnxFixture, folder: string): Promise<FolderEntry[]> =>
    Promise.all(
      (await onnxFolder(name)).map(async ({ path, source }) => ({
        path: `${folder}/${path}`,
        file: new File([await source.read(0, source.byteLength)], path.split("/").at(-1)!),
      })),
    );

  test("is stored as one, without the graphs that draw nothing, and opens from what is stored", async () => {
    const entries = await entriesOf("demo", "sd-turbo-ort-web");
    const record = await importFolder(entries, context(), () => undefined);
    expect(record).toMatchObject({
      name: "sd-turbo-ort-web",
      type: "checkpoint",
      family: "sd-turbo",
      format: "onnx",
      dtype: "F16",
      defaults: { steps: 4, guidanceScale: 1 },
    });
    expect(record.fixed).toBeUndefined();
    expect(record.parts!.map(({ path }) => path)).toEqual([
      "text_encoder/model.onnx",
      "unet/model.onnx",
      "vae_decoder/model.onnx",
    ]);
    const { file } = await recogniseFolder(entries);
    expect(file.size).toBe(record.bytes);
    const again = detectExported(await openOnnxFolder(splitParts(file, record.parts!), record.name));
    expect(again.family.id).toBe("sd-turbo");
  });

  test("says which size it was made for, and starts from it", async () => {
    const record = await importFolder(await entriesOf("fixed", "webnn"), context(), () => undefined);
    expect(record.fixed).toEqual({ width: 64, height: 64, batch: 2 });
    expect(record.defaults).toMatchObject({ width: 64, height: 64 });
    expect(record.parts!.map(({ path }) => path)).toContain("text-encoder.onnx.data");
  });

  test("is refused without a file of its weights, which is named", async () => {
    const entries = await entriesOf("optimum", "xl");
    const without = entries.filter(({ path }) => !path.endsWith("model.onnx_data"));
    await expect(importFolder(without, context(), () => undefined)).rejects.toMatchObject({
      name: "FileFormat",
      message: expect.stringContaining("model.onnx_data") as string,
    });
    expect(disk.received).toBe(0);
  });

  test("is refused without a network, which is named", async () => {
    const entries = await entriesOf("demo", "turbo");
    const without = entries.filter(({ path }) => !path.includes("vae_decoder"));
    await expect(importFolder(without, context(), () => undefined)).rejects.toMatchObject({
      name: "UnsupportedModel",
      message: expect.stringContaining("a vae decoder among them") as string,
    });
  });

  test("as a single file is an upscaler, with its scale", async () => {
    const upscaler = (name: string, as = name): File => new File([new Uint8Array(onnxFixture(name))], as);
    const record = await importModel(upscaler("2x-any.onnx"), context(), () => undefined);
    expect(record).toMatchObject({
      type: "upscaler",
      name: "2x-any",
      scale: 2,
      format: "onnx",
      dtype: "F32",
    });
    expect(await importModel(upscaler("tiles.onnx"), context(), () => undefined)).toMatchObject({
      scale: 2,
      dtype: "F16",
    });
    await expect(
      importModel(upscaler("2x-any.onnx", "any.onnx"), context(), () => undefined),
    ).rejects.toMatchObject({
      name: "UnsupportedModel",
      message: expect.stringContaining("4x-model.onnx") as string,
    });
  });
});
