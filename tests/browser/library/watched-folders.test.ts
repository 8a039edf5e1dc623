// Watched folders on a real file system: what is new is imported once, with what stands beside it. The folder is one of the
// private file system, which the browser treats like a picked one; importing itself is tested in library.test.ts.

import { deleteDB } from "idb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalWatchedFolders } from "../../../src/library/folders/local-watched-folders.ts";
import { type LibraryDatabase, openLibraryDatabase } from "../../../src/library/library-database.ts";
import { AppError } from "../../../src/protocol/app-error.ts";
import type { WatchedFolderEvent } from "../../../src/protocol/watched-folders-api.ts";
import { modelRecord } from "../../support/metadata-fakes.ts";

const DATABASE = "kiln-library-watched-test";

let database: LibraryDatabase;
let folders: LocalWatchedFolders;
let root: FileSystemDirectoryHandle;
let imported: string[];
let beside: string[][];
let folderPaths: string[][];
let events: WatchedFolderEvent[];
let failure: AppError | undefined;

async function write(folder: FileSystemDirectoryHandle, name: string, content = "bytes"): Promise<void> {
  const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await writable.write(content);
  await writable.close();
}

function open(): LocalWatchedFolders {
  return new LocalWatchedFolders({
    database,
    settledMs: 0,
    importFile(file) {
      if (failure) return Promise.reject(failure);
      imported.push(file.name);
      return Promise.resolve(modelRecord(`id of ${file.name}`));
    },
    importFolder(entries) {
      folderPaths.push(entries.map(({ path }) => path).sort());
      return Promise.resolve(modelRecord("id of a folder"));
    },
    addSidecars(_id, _base, files) {
      beside.push(files.map(({ name }) => name).sort());
      return Promise.resolve();
    },
  });
}

beforeEach(async () => {
  await deleteDB(DATABASE);
  database = await openLibraryDatabase(DATABASE);
  const storage = await navigator.storage.getDirectory();
  await storage.removeEntry("watched", { recursive: true }).catch(() => undefined);
  root = await storage.getDirectoryHandle("watched", { create: true });
  [imported, beside, folderPaths, events, failure] = [[], [], [], [], undefined];
  folders = open();
  await folders.subscribe((event) => events.push(event));
});

afterEach(() => {
  folders.dispose();
  database.close();
});

test("models of all its folders come in once, each with what stands beside it", async () => {
  const inner = await root.getDirectoryHandle("loras", { create: true });
  await write(root, "a.safetensors");
  await write(inner, "b.safetensors");
  await write(inner, "b.civitai.info", "{}");
  await write(inner, "b.preview.png");
  await write(inner, "other.json", "{}");
  const { id } = await folders.add(root);
  await folders.rescan(id);
  await folders.rescan(id);
  expect(imported.sort()).toEqual(["a.safetensors", "b.safetensors"]);
  expect(beside.flat().sort()).toEqual(["b.civitai.info", "b.preview.png"]);
  expect(events).toContainEqual({
    type: "imported",
    folderId: id,
    path: "loras/b.safetensors",
    modelId: "id of b.safetensors",
  });
  expect(await folders.list()).toMatchObject([{ id, permission: "granted", modelFiles: 2 }]);
});

test("a folder that is a model itself comes in as one, and again only when it changes", async () => {
  const model = await root.getDirectoryHandle("my-model", { create: true });
  const unet = await model.getDirectoryHandle("unet", { create: true });
  const hidden = await model.getDirectoryHandle(".cache", { create: true });
  await write(root, "single.safetensors");
  await write(model, "model_index.json", "{}");
  await write(unet, "config.json", "{}");
  await write(unet, "diffusion_pytorch_model.safetensors");
  await write(hidden, "copy.safetensors");
  const { id } = await folders.add(root);
  await folders.rescan(id);
  await folders.rescan(id);
  const paths = [
    "my-model/model_index.json",
    "my-model/unet/config.json",
    "my-model/unet/diffusion_pytorch_model.safetensors",
  ];
  expect(folderPaths).toEqual([paths]);
  expect(imported).toEqual(["single.safetensors"]);
  expect(await folders.list()).toMatchObject([{ modelFiles: 2 }]);
  await write(model, "README.md", "late");
  await folders.rescan(id);
  expect(folderPaths).toEqual([paths, ["my-model/README.md", ...paths].sort()]);
});

test("a new file is picked up by itself or at the next look, also after a restart", async () => {
  const { id } = await folders.add(root);
  await folders.rescan(id);
  folders.dispose();
  folders = open();
  await folders.start();
  await write(root, "late.safetensors");
  await folders.rescan(id);
  expect(imported).toEqual(["late.safetensors"]);
});

test("an empty file waits until something is in it", async () => {
  await root.getFileHandle("arriving.safetensors", { create: true });
  const { id } = await folders.add(root);
  await folders.rescan(id);
  expect([imported, events.filter(({ type }) => type === "failed")]).toEqual([[], []]);
  await write(root, "arriving.safetensors");
  await folders.rescan(id);
  expect(imported).toEqual(["arriving.safetensors"]);
});

test("a file that is refused is told once and not tried again; without room everything waits", async () => {
  await write(root, "bad.safetensors");
  failure = new AppError("FileFormat", "It is damaged.");
  const { id } = await folders.add(root);
  await folders.rescan(id);
  await folders.rescan(id);
  const failures = events.filter(({ type }) => type === "failed");
  expect(failures).toMatchObject([{ path: "bad.safetensors", error: { name: "FileFormat" } }]);
  await write(root, "good.safetensors");
  failure = new AppError("StorageFull", "There is no room.");
  await folders.rescan(id);
  failure = undefined;
  await folders.rescan(id);
  expect(imported).toEqual(["good.safetensors"]);
});

test("the same folder is watched once; one that is not watched any more is left alone", async () => {
  const first = await folders.add(root);
  const again = await (await navigator.storage.getDirectory()).getDirectoryHandle("watched");
  expect((await folders.add(again)).id).toBe(first.id);
  await folders.remove(first.id);
  await write(root, "a.safetensors");
  await folders.rescan(first.id);
  expect(imported).toEqual([]);
  expect(await folders.list()).toEqual([]);
});
