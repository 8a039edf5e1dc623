// What the welcome recommends, read from a manifest over HTTP: only what is elsewhere, not here yet, and known by its hash.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Download } from "../../../src/protocol/downloads-api.ts";
import type { ManifestModel } from "../../../src/protocol/model-manifest.ts";
import { isOwned } from "../../../src/ui/owned-hashes.ts";
import { bytesOf, downloadInQueue, downloadOf, readRecommended } from "../../../src/ui/recommended-models.ts";

const SHA256 = "ab".repeat(32);
const URLS = ["https://models.example/a.safetensors", "https://mirror.example/a.safetensors"];
const DEFAULTS = {
  ...{ width: 512, height: 512, steps: 20, guidanceScale: 7, clipSkip: 1 },
  ...{ sampler: "DPM++ 2M", schedule: "Karras" },
};

const entry = (id: string, file: object): object => ({
  ...{
    id,
    name: id,
    type: "checkpoint",
    family: "sd1",
    description: "A model.",
    license: "MIT",
    dtype: "F16",
  },
  files: [{ role: "checkpoint", bytes: 1000, sha256: SHA256, ...file }],
  needs: { memoryBytes: 4e9, features: [] },
  defaults: DEFAULTS,
});

let server: Server | undefined;
afterEach(() => server?.close());

async function serve(status: number, body: string): Promise<string> {
  server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const MANIFEST = JSON.stringify({
  version: 1,
  models: [entry("built-in", { path: "models/a.safetensors" }), entry("remote", { urls: URLS })],
});

test("models on other hosts are recommended, with every address and their hash", async () => {
  const models = await readRecommended(await serve(200, MANIFEST));
  expect(models.map(({ id }) => id)).toEqual(["remote"]);
  expect(bytesOf(models[0])).toBe(1000);
  expect(downloadOf(models[0])).toEqual({
    ...{ address: URLS[0], alternatives: [URLS[1]], bytes: 1000, sha256: SHA256 },
    ...{ title: "remote", type: "checkpoint" },
  });
});

test("what is in the library already, whole or as the parts of a model, is known", () => {
  const { files } = entry("remote", { urls: URLS }) as ManifestModel;
  expect(isOwned(files, new Set([SHA256]))).toBe(true);
  expect(isOwned([...files, { sha256: "cd".repeat(32) }], new Set([SHA256]))).toBe(false);
  expect(isOwned([{}], new Set([SHA256]))).toBe(false);
});

test("a file is called what the manifest calls it", () => {
  const model = entry("remote", { urls: URLS, name: "lcm.safetensors" }) as ManifestModel;
  expect(downloadOf(model)).toMatchObject({ fileName: "lcm.safetensors", named: true });
});

test("several files are one download, each with its own addresses and hash", () => {
  const other = "cd".repeat(32);
  const remote = [
    { role: "index", name: "model_index.json", urls: [URLS[0]], bytes: 10, sha256: other },
    { role: "unet", name: "unet/model.safetensors", urls: URLS, bytes: 1000, sha256: SHA256 },
  ];
  const model = { ...(entry("Folder", {}) as ManifestModel), files: remote };
  const request = downloadOf(model)!;
  expect(request).toMatchObject({ fileName: "Folder", title: "Folder", type: "checkpoint" });
  expect(request.files).toEqual([
    { path: "model_index.json", address: URLS[0], alternatives: [], bytes: 10, sha256: other },
    {
      path: "unet/model.safetensors",
      address: URLS[0],
      alternatives: [URLS[1]],
      bytes: 1000,
      sha256: SHA256,
    },
  ]);
  expect(bytesOf(model)).toBe(1010);
  const queued = { id: "x", address: URLS[0], fileCount: 2 } as Download;
  expect(downloadInQueue(model, [{ ...queued, fileCount: undefined }, queued])).toBe(queued);
});

test("without a manifest nothing is recommended; a broken one names its fault", async () => {
  expect(await readRecommended(await serve(404, ""))).toEqual([]);
  server?.close();
  const broken = MANIFEST.replace(SHA256, "12ab");
  await expect(readRecommended(await serve(200, broken))).rejects.toThrow("sha256");
});
