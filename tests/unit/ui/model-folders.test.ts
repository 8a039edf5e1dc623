// Which of the files of a folder are models, and how a dropped folder is walked. File system entries are made up here.

import { expect, test } from "vitest";
import type { FolderEntry } from "../../../src/protocol/library-api.ts";
import { findDropped } from "../../../src/ui/dropped.ts";
import { pickedFolder, readDroppedFolders, sortFolder } from "../../../src/ui/model-folders.ts";

type Tree = { readonly [name: string]: Tree | string };

/** As `webkitGetAsEntry` gives it: entries come two at a time. */
function directory(name: string, tree: Tree): FileSystemDirectoryEntry {
  const children = Object.entries(tree).map(([inner, content]) =>
    typeof content === "string"
      ? {
          ...{ name: inner, isDirectory: false, isFile: true },
          file: (done: (file: File) => void) => done(new File([content], inner)),
        }
      : directory(inner, content),
  );
  const createReader = () => {
    const left = [...children];
    return { readEntries: (done: (some: unknown[]) => void) => done(left.splice(0, 2)) };
  };
  return { name, isDirectory: true, isFile: false, createReader } as unknown as FileSystemDirectoryEntry;
}

const model: Tree = {
  "model_index.json": "{}",
  unet: { "config.json": "{}", "a.safetensors": "a" },
  vae: { "b.safetensors": "b" },
};
const paths = (entries: readonly FolderEntry[]): string[] => entries.map(({ path }) => path).sort();
const modelPaths = (root: string): string[] =>
  ["model_index.json", "unet/a.safetensors", "unet/config.json", "vae/b.safetensors"].map(
    (path) => `${root}/${path}`,
  );

test("a dropped folder is read to its leaves, hidden folders left out", async () => {
  const entries = await readDroppedFolders([
    directory("m", { ...model, ".git": { "big.safetensors": "x" } }),
  ]);
  expect(paths(entries)).toEqual(modelPaths("m"));
});

test("each index in a folder of folders is a model, the rest are files", async () => {
  const entries = await readDroppedFolders([
    directory("all", { one: model, deep: { two: model }, "lora.safetensors": "x", "notes.txt": "y" }),
  ]);
  const { models, files } = sortFolder(entries);
  expect(models.map(paths)).toEqual([modelPaths("one"), modelPaths("two")]);
  expect(files.map(({ name }) => name)).toEqual(["lora.safetensors", "notes.txt"]);
});

test("shards with the index that names them are one model, other files beside them are not part of it", () => {
  const names = ["x-00001-of-00002.safetensors", "x-00002-of-00002.safetensors", "x.safetensors.index.json"];
  const all = [...names, "lora.safetensors"].map((name) => ({
    path: `models/sharded/${name}`,
    file: new File([], name),
  }));
  const { models, files } = sortFolder(all);
  expect(models.map(paths)).toEqual([names.map((name) => `sharded/${name}`).sort()]);
  expect(files.map(({ name }) => name)).toEqual(["lora.safetensors"]);
});

test("a folder of ONNX upscalers is files, each a model of its own", async () => {
  const entries = await readDroppedFolders([directory("upscalers", { "2x-a.onnx": "x", "4x-b.onnx": "y" })]);
  const { models, files } = sortFolder(entries);
  expect([models, files.map(({ name }) => name)]).toEqual([[], ["2x-a.onnx", "4x-b.onnx"]]);
});

test.each<Parameters<typeof directory>[1]>([
  { unet: { "model.onnx": "x" }, "a.txt": "y" },
  { "text-encoder.onnx": "x", "sd-unet-v1.5-model-b2c4h64w64s77.onnx": "y" },
])("a folder of ONNX graphs without an index is handed on as one model", async (content) => {
  const entries = await readDroppedFolders([directory("turbo", content)]);
  expect(sortFolder(entries)).toEqual({ models: [entries], files: [] });
});

test("a picked folder is told by its files' relative paths", () => {
  const picked = ["m/model_index.json", "m/.cache/x.safetensors", "m/unet/a.safetensors"].map((path) =>
    Object.defineProperty(new File([""], path.split("/").at(-1)!), "webkitRelativePath", { value: path }),
  );
  expect(paths(pickedFolder(picked))).toEqual(["m/model_index.json", "m/unet/a.safetensors"]);
});

test("a drop finds models in folders beside other files, and names a folder without any", async () => {
  const folders = [directory("all", { one: model, "lora.safetensors": "x", "notes.txt": "y" })];
  const found = await findDropped({ files: [new File(["x"], "own.ckpt")], folders, text: "" }, []);
  expect(found.map(({ kind }) => kind)).toEqual(["model", "folder", "model"]);
  const [empty] = await findDropped({ files: [], folders: [directory("holiday", {})], text: "" }, []);
  expect(empty).toMatchObject({
    kind: "nothing",
    error: { name: "FileFormat", details: { where: "holiday" } },
  });
});
