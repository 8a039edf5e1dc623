// The import table of ARCHITECTURE.md as a test: which folder of src/ may import which folder and which package.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const PURE = ["shared", "protocol", "sampling", "prompt", "weights", "onnx", "models", "pipeline", "imaging"];

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  protocol: [],
  sampling: [],
  prompt: ["protocol"],
  weights: ["protocol"],
  onnx: [],
  imaging: ["protocol"],
  models: ["onnx", "weights", "protocol"],
  pipeline: ["sampling", "prompt", "imaging", "protocol"],
  ort: ["onnx", "sampling", "protocol"],
  library: ["models", "weights", "protocol"],
  engine: [
    "pipeline",
    "models",
    "ort",
    "library",
    "sampling",
    "prompt",
    "weights",
    "onnx",
    "imaging",
    "protocol",
  ],
  workers: ["engine", "library", "protocol"],
  client: ["protocol"],
  gallery: ["protocol", "imaging"],
  ui: ["client", "gallery", "protocol", "imaging", "sampling", "prompt"],
};

/** Packages and the folders that own them. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  "onnxruntime-web": ["ort"],
  lit: ["ui"],
  "@lit": ["ui"],
  "@lit-labs": ["ui"],
  "@awesome.me": ["ui"],
  dompurify: ["ui"],
  idb: ["gallery", "library"],
  "hash-wasm": ["library"],
  comlink: ["client", "workers"],
};

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)["']([^"']+)["']/g;

function violations(root: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    const file = entry.replaceAll("\\", "/");
    if (!file.endsWith(".ts") || !file.includes("/")) continue; // src/*.ts are entry points: they wire everything
    const folder = file.slice(0, file.indexOf("/"));
    const allowed = MAY_IMPORT[folder];
    if (!allowed) {
      found.push(`${file}: folder "${folder}" is not in MAY_IMPORT`);
      continue;
    }
    for (const [, specifier] of readFileSync(join(root, file), "utf8").matchAll(IMPORT)) {
      if (specifier.startsWith(".")) {
        const target = normalize(join(dirname(file), specifier)).split("/")[0];
        const startsWorker = folder === "client" && target === "workers"; // new Worker(new URL(...)), never an import
        if (target !== folder && target !== "shared" && !allowed.includes(target) && !startsWorker) {
          found.push(`${file} -> ${specifier}: ${folder} may not import ${target}`);
        }
      } else {
        const owner = OWNERS[specifier.split("/")[0]];
        if (owner && !owner.includes(folder)) {
          found.push(`${file} -> ${specifier}: only ${owner.join(", ")} may import it`);
        } else if (PURE.includes(folder)) {
          found.push(`${file} -> ${specifier}: ${folder} is pure and takes no package`);
        }
      }
    }
  }
  return found;
}

test("folders of src import only the layers below them", () => {
  expect(violations("src"), "Move the code, or change MAY_IMPORT and ARCHITECTURE.md together.").toEqual([]);
});

test("the import table has no cycle", () => {
  const done = new Set<string>();
  const visit = (folder: string, path: readonly string[]): void => {
    expect(path, `cycle: ${[...path, folder].join(" -> ")}`).not.toContain(folder);
    if (done.has(folder)) return;
    for (const next of MAY_IMPORT[folder]) visit(next, [...path, folder]);
    done.add(folder);
  };
  for (const folder of Object.keys(MAY_IMPORT)) visit(folder, []);
});
