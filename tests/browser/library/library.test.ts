// The library on the private file system of a real browser, in a worker: imports, crashes, full disks, the embedded model.

import { proxy, type Remote, wrap } from "comlink";
import { deleteDB } from "idb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COMMITTING } from "../../../src/library/import-model.ts";
import { openLibraryDatabase } from "../../../src/library/library-database.ts";
import type { ImportProgress, ModelRecord } from "../../../src/protocol/library-api.ts";
import tinyModelUrl from "../../fixtures/models/tiny.safetensors?url";
import type { LibraryTests, Outcome } from "../../support/library-test.worker.ts";
import { withPadding } from "./padded-model.ts";

const MEGABYTE = 1024 * 1024;
// Long enough to be interrupted and to report progress several times.
const LARGE_BYTES = 128 * MEGABYTE;
const noProgress = (): void => undefined;

interface LibraryWorker {
  readonly library: Remote<LibraryTests>;
  terminate(): void;
}

const workers: LibraryWorker[] = [];
let library: Remote<LibraryTests>;
let tinyModel: Blob;

/** An app of tests/fixtures/library: a folder with a manifest and the files it names. */
function appUrl(name: string): string {
  return new URL(`/tests/fixtures/library/${name}/`, location.origin).href;
}

function startWorker(): LibraryWorker {
  const url = new URL("../../support/library-test.worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const started = { library: wrap<LibraryTests>(worker), terminate: () => worker.terminate() };
  workers.push(started);
  return started;
}

function valueOf<T>(outcome: Outcome<T>): T {
  if ("error" in outcome) throw new Error(`${outcome.error.name}: ${outcome.error.message}`);
  return outcome.value;
}

function errorOf(outcome: Outcome<unknown>): unknown {
  return "error" in outcome ? outcome.error : undefined;
}

async function importFile(content: Blob, name = "tiny model.safetensors"): Promise<ModelRecord> {
  return valueOf(await library.importFile(new File([content], name), proxy(noProgress)));
}

async function storedPaths(): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind === "directory") await walk(handle, `${path}${name}/`);
      else paths.push(path + name);
    }
  };
  await walk(await (await navigator.storage.getDirectory()).getDirectoryHandle("models"), "");
  return paths;
}

beforeEach(async () => {
  tinyModel ??= await (await fetch(tinyModelUrl)).blob();
  await deleteDB("kiln-library");
  const root = await navigator.storage.getDirectory();
  await root.removeEntry("models", { recursive: true }).catch(() => undefined);
  library = startWorker().library;
  valueOf(await library.start(appUrl("whole")));
});

afterEach(() => {
  workers.splice(0).forEach((worker) => worker.terminate());
});

describe("importing", () => {
  test("a model file is copied, hashed, described and listed, and survives a reload", async () => {
    const record = await importFile(tinyModel);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await tinyModel.arrayBuffer()));
    expect(record).toMatchObject({
      name: "tiny model",
      fileName: "tiny model.safetensors",
      type: "checkpoint",
      family: "sd1",
      origin: "imported",
      bytes: tinyModel.size,
      sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    });
    expect(record.needs.memoryBytes).toBeGreaterThanOrEqual(tinyModel.size);
    valueOf(await library.start(appUrl("whole")));
    expect((await library.list()).map(({ id }) => id)).toEqual(["embedded", record.id]);
    expect(await storedPaths()).toEqual([`${record.id}/tiny model.safetensors`]);
    const opened = valueOf(await library.open(record.id));
    expect(opened.byteLength).toBe(tinyModel.size);
    expect(opened.head).toEqual(new Uint8Array(await tinyModel.slice(0, 64).arrayBuffer()));
    expect(opened.vocabulary).toBeUndefined();
  });

  test("the same file twice, under another name, and from two tabs at once is one model", async () => {
    const other = startWorker().library;
    valueOf(await other.start(appUrl("whole")));
    const file = new File([tinyModel], "b.safetensors");
    const [first, second] = await Promise.all([
      importFile(tinyModel, "a.safetensors"),
      other.importFile(file, proxy(noProgress)).then(valueOf),
    ]);
    expect(second).toEqual(first);
    expect(await importFile(tinyModel, "c.safetensors")).toEqual(first);
    expect(await library.list()).toHaveLength(2);
    expect(await storedPaths()).toHaveLength(1);
  });

  test("progress is reported at most ten times a second, grows, and ends at the file's size", async () => {
    const large = await withPadding(tinyModel, LARGE_BYTES);
    const reports: (ImportProgress & { at: number })[] = [];
    const started = performance.now();
    const file = new File([large], "large.safetensors");
    const note = (progress: ImportProgress): void =>
      void reports.push({ ...progress, at: performance.now() });
    valueOf(await library.importFile(file, proxy(note)));
    const seconds = (performance.now() - started) / 1000;
    console.info(`import: ${(large.size / MEGABYTE / seconds).toFixed(0)} MB/s with SHA-256`);
    expect(reports.at(-1)).toMatchObject({ bytesDone: large.size, bytesTotal: large.size });
    expect(reports.length).toBeLessThanOrEqual(seconds * 10 + 2);
    expect(reports.map((report) => report.bytesDone)).toEqual(
      reports.map((report) => report.bytesDone).toSorted((a, b) => a - b),
    );
  });

  test("a worker killed while it copies leaves nothing once the library starts again", async () => {
    const large = await withPadding(tinyModel, LARGE_BYTES);
    const doomed = startWorker();
    valueOf(await doomed.library.start(appUrl("whole")));
    // Held, so that the copy cannot be finished before its worker is killed.
    const held = Promise.withResolvers<void>();
    const holding = new Promise<void>((taken) => {
      void navigator.locks.request(COMMITTING, () => {
        taken();
        return held.promise;
      });
    });
    await holding;
    await new Promise<void>((copying) => {
      const file = new File([large], "large.safetensors");
      void doomed.library.importFile(
        file,
        proxy(({ bytesDone }) => {
          if (bytesDone > 0) copying();
        }),
      );
    });
    doomed.terminate();
    held.resolve();
    expect((await library.list()).map(({ id }) => id)).toEqual(["embedded"]);
    await expect
      .poll(async () => {
        valueOf(await library.start(appUrl("whole")));
        return await storedPaths();
      })
      .toEqual([]);
    expect((await importFile(large)).bytes).toBe(large.size);
  });

  test("what a crash left is removed at start, what is recorded is not", async () => {
    const { id } = await importFile(tinyModel);
    await library.leaveFileWithoutRecord("never-recorded");
    expect(await storedPaths()).toHaveLength(2);
    valueOf(await library.start(appUrl("whole")));
    expect(await storedPaths()).toEqual([`${id}/tiny model.safetensors`]);
  });

  test("a linked file is read where it is, survives a restart, and stays when its model is removed", async () => {
    const keep = await navigator.storage.getDirectory();
    const handle = await keep.getFileHandle("mine.safetensors", { create: true });
    const writable = await handle.createWritable();
    await writable.write(tinyModel);
    await writable.close();
    const record = valueOf(await library.link(handle));
    expect(record).toMatchObject({
      fileName: "mine.safetensors",
      bytes: tinyModel.size,
      linked: { modifiedAt: (await handle.getFile()).lastModified },
    });
    expect(await storedPaths()).toEqual([]);
    valueOf(await library.start(appUrl("whole")));
    expect(valueOf(await library.open(record.id)).byteLength).toBe(tinyModel.size);
    valueOf(await library.remove(record.id));
    expect((await handle.getFile()).size).toBe(tinyModel.size);

    valueOf(await library.link(handle));
    await keep.removeEntry("mine.safetensors");
    expect(errorOf(await library.open(record.id))).toMatchObject({ name: "ModelNotFound" });
  });

  test("a linked file that changed is never read as the model it was; checked, it is the same again or another", async () => {
    const keep = await navigator.storage.getDirectory();
    const handle = await keep.getFileHandle("mine.safetensors", { create: true });
    const write = async (content: Blob): Promise<void> => {
      const writable = await handle.createWritable();
      await writable.write(content);
      await writable.close();
    };
    await write(tinyModel);
    const { id } = valueOf(await library.link(handle));
    expect(await library.links()).toEqual({ [id]: "ready" });

    // Another date, the same bytes.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await write(tinyModel);
    expect(await library.links()).toEqual({ [id]: "changed" });
    expect(await library.problems(false)).toEqual(["changed"]);
    expect(errorOf(await library.open(id))).toMatchObject({ name: "HashMismatch" });
    expect(valueOf(await library.checkLink(id))).toBe("ready");
    expect(valueOf(await library.open(id)).byteLength).toBe(tinyModel.size);

    // The same size, other bytes.
    const other = new Uint8Array(await tinyModel.arrayBuffer());
    other[other.length - 1] ^= 1;
    await write(new Blob([other]));
    expect(valueOf(await library.checkLink(id))).toBe("changed");
    expect(await library.problems(true)).toEqual(["wrong-hash"]);
    const renewed = valueOf(await library.link(handle));
    expect(renewed.id).not.toBe(id);

    await keep.removeEntry("mine.safetensors");
    expect(await library.links()).toEqual({ [id]: "missing", [renewed.id]: "missing" });
  });

  test("a copy takes the place of a link, and outlives the file", async () => {
    const keep = await navigator.storage.getDirectory();
    const handle = await keep.getFileHandle("mine.safetensors", { create: true });
    const writable = await handle.createWritable();
    await writable.write(tinyModel);
    await writable.close();
    const { id } = valueOf(await library.link(handle));
    await keep.removeEntry("mine.safetensors");
    expect((await importFile(tinyModel)).id).toBe(id);
    expect(await library.links()).toEqual({});
    expect(valueOf(await library.open(id)).byteLength).toBe(tinyModel.size);
    expect((await library.list()).filter((model) => model.id === id)).toHaveLength(1);
  });

  test("files that are no models are refused before anything is written", async () => {
    const cases: [Blob, string][] = [
      [new Blob(["not a model at all"]), "FileFormat"],
      [new Blob([]), "FileFormat"],
      [tinyModel.slice(0, tinyModel.size - 100), "FileFormat"],
      [tinyModel.slice(0, 500), "FileFormat"],
    ];
    for (const [content, name] of cases) {
      const file = new File([content], "bad.safetensors");
      expect(errorOf(await library.importFile(file, proxy(noProgress)))).toMatchObject({ name });
    }
    expect(await library.list()).toHaveLength(1);
    expect(await storedPaths()).toEqual([]);
  });

  test("a file that does not fit is StorageFull with need and have, before anything is written", async () => {
    valueOf(await library.start(appUrl("whole"), 1000));
    const file = new File([tinyModel], "tiny.safetensors");
    expect(errorOf(await library.importFile(file, proxy(noProgress)))).toMatchObject({
      name: "StorageFull",
      details: { need: tinyModel.size, have: 1000 },
    });
    expect(await storedPaths()).toEqual([]);
  });

  test("a hostile file name stays inside the model's folder", async () => {
    const { id, fileName } = await importFile(tinyModel, "../..\\<evil>\u0000/.safetensors");
    expect(await storedPaths()).toEqual([`${id}/${fileName}`]);
    expect(fileName).not.toMatch(/[/\\<>]/);
  });
});

describe("removing", () => {
  test("a removed model is gone with its file and can be imported again", async () => {
    const { id } = await importFile(tinyModel);
    valueOf(await library.remove(id));
    expect(await library.list()).toHaveLength(1);
    expect(await storedPaths()).toEqual([]);
    expect(errorOf(await library.open(id))).toMatchObject({ name: "ModelNotFound" });
    expect((await importFile(tinyModel)).id).toBe(id);
  });

  test("an embedded model and an unknown one cannot be removed", async () => {
    expect(errorOf(await library.remove("embedded"))).toMatchObject({ name: "InvalidRequest" });
    expect(errorOf(await library.remove("nobody"))).toMatchObject({ name: "ModelNotFound" });
  });
});

describe("opening", () => {
  test("the embedded model comes with its bytes, tokenizer and record", async () => {
    const { record, head, vocabulary, merges } = valueOf(await library.open("embedded"));
    expect(record).toMatchObject({ id: "embedded", origin: "embedded", fileName: "model.safetensors" });
    expect(new TextDecoder().decode(head)).toMatch(/^The bytes of a model/);
    expect(vocabulary).toMatchObject({ "sea</w>": 2 });
    expect(merges).toMatch(/^#version: 0.2\n/);
  });

  test("an embedded file is hashed once per build and remembered", async () => {
    valueOf(await library.open("embedded"));
    const database = await openLibraryDatabase();
    const verified = await database.getAllKeys("verified");
    expect(verified).toHaveLength(3);
    const [key] = verified.filter((name) => name.startsWith("model.safetensors"));
    // A key for the wrong hash makes the damaged build pass: proof that the hash is not computed again.
    await database.put("verified", { key: key.replace(/\w{64}$/, "0".repeat(64)), verifiedAt: 1 });
    database.close();
    valueOf(await library.start(appUrl("wrong-hash")));
    valueOf(await library.open("embedded"));
  });

  test.each([
    ["wrong-size", "FileFormat", "model.safetensors"],
    ["wrong-hash", "FileFormat", "model.safetensors"],
    ["missing-file", "ModelNotFound", "absent.safetensors"],
  ])("an embedded file that is a %s is %s and names the file", async (app, name, file) => {
    valueOf(await library.start(appUrl(app)));
    expect(errorOf(await library.open("embedded"))).toMatchObject({
      name,
      message: expect.stringContaining(file) as string,
      details: { expected: expect.any(String) as string, got: expect.any(String) as string },
    });
  });

  test("an app whose manifest is broken says so", async () => {
    expect(errorOf(await library.start(appUrl("not-json")))).toMatchObject({ name: "FileFormat" });
    expect(errorOf(await library.start(appUrl("invalid")))).toMatchObject({
      name: "FileFormat",
      details: { where: "manifest.models[0].family" },
    });
  });

  test("no network is Network", async () => {
    expect(errorOf(await library.start("http://localhost:9/"))).toMatchObject({ name: "Network" });
  });

  test("an imported model whose file was evicted or cut short is named, others still open", async () => {
    const { id, fileName, name } = await importFile(tinyModel);
    const models = await (await navigator.storage.getDirectory()).getDirectoryHandle("models");
    const folder = await models.getDirectoryHandle(id);
    const stream = await (await folder.getFileHandle(fileName)).createWritable();
    await stream.write("short");
    await stream.close();
    expect(errorOf(await library.open(id))).toMatchObject({ name: "FileFormat" });
    await models.removeEntry(id, { recursive: true });
    expect(errorOf(await library.open(id))).toMatchObject({
      name: "ModelNotFound",
      message: expect.stringContaining(name) as string,
    });
    valueOf(await library.open("embedded"));
  });
});
