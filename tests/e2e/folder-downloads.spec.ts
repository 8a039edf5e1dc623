// Models of several files from an address to a picture, in the built app: pasted, and started with one click from the
// manifest. The host is the tests' own, which answers as the Hugging Face Hub does; nothing in the app is replaced.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page } from "@playwright/test";
import type { ManifestModel, ModelManifest } from "../../src/protocol/model-manifest.ts";
import { familyRepository } from "../support/family-repository.ts";
import { type HubRepository, sha256Of } from "../support/hub-host.ts";
import { largeFilePath } from "../support/hub-paths.ts";
import { contentBytes } from "../support/model-host-content.ts";
import { type ModelHost, startModelHost } from "../support/model-host.ts";
import { fillRecipe, generatePicture, openPage, test } from "./support.ts";

const NAME = "owner/tiny-xl";
const SHARD_2 = "unet/diffusion_pytorch_model-00002-of-00002.safetensors";
// The letters that the tiny model's own tokenizer knows.
const PROMPT = "f r gd";
const MANIFEST = join(import.meta.dirname, "../../models-manifest.json");

// A worker of the app's own would answer for the manifest that one of the tests changes.
test.use({ serviceWorkers: "block" });

let host: ModelHost;
let repository: HubRepository;

test.beforeEach(async () => {
  host = await startModelHost();
  repository = await familyRepository(NAME);
  host.putRepository(repository);
});

test.afterEach(() => host.close());

/** Lets the app find Hugging Face at the test host, as the setting for a mirror would. */
async function useTestHub(page: Page): Promise<void> {
  await expect(page.getByRole("button", { name: "Generate", exact: true })).toBeVisible({ timeout: 60_000 });
  await openPage(page, "Models");
  await expect(page.getByRole("list", { name: "Models on this device" })).toBeVisible({ timeout: 60_000 });
  await page.evaluate(
    (url) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("kiln-library");
        opening.onerror = () => reject(new Error("The library's database did not open."));
        opening.onsuccess = () => {
          const writing = opening.result.transaction("sources", "readwrite");
          const settings = { parallel: 2, hosts: { huggingface: url }, tokens: {}, failedOrigins: {} };
          writing.objectStore("sources").put(settings, "settings");
          writing.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
    host.url,
  );
}

async function drawWith(page: Page, model: string): Promise<void> {
  const card = page
    .getByRole("list", { name: "Models on this device" })
    .getByRole("listitem")
    .filter({ hasText: model });
  await card.getByRole("button", { name: "Use", exact: true }).click();
  await fillRecipe(page, PROMPT, { steps: 2, size: 64 });
  await generatePicture(page, PROMPT);
}

test("a pasted repository arrives as one model across a reload, and draws", async ({ page, server }) => {
  const { content } = repository.files.find(({ path }) => path === SHARD_2)!;
  const middle = Math.floor(contentBytes(content).byteLength / 2);
  host.put(largeFilePath(sha256Of(content)), { content, cors: "exposed", holds: [middle] });
  await page.goto(server.url);
  await useTestHub(page);
  await page.getByLabel("Model address").fill(NAME);
  await page.getByRole("button", { name: "Find", exact: true }).click();
  const found = page.getByRole("region", { name: "What was found" });
  await expect(found).toContainText("Licence: openrail++");
  await expect(found.getByRole("checkbox", { name: /tiny-xl, weights as published/ })).toBeChecked();
  await found.getByRole("button", { name: /^Download/ }).click();
  const row = page.getByRole("list", { name: "Download queue" }).getByRole("listitem").first();
  await expect(row).toContainText(/Downloading · 10 files · .* %/, { timeout: 30_000 });
  await expect
    .poll(() => host.requests.filter(({ path }) => path.startsWith(largeFilePath(sha256Of(content)))).length)
    .toBe(1);

  await page.reload();
  await expect(row).toContainText("In your library · 10 files", { timeout: 120_000 });
  const asked = host.requests.map(({ path }) => path.split("?")[0]);
  for (const file of repository.files.filter(({ large, path }) => large && path !== SHARD_2)) {
    expect(asked.filter((path) => path === largeFilePath(sha256Of(file.content))).length).toBeLessThanOrEqual(
      1,
    );
  }
  await drawWith(page, "tiny-xl");
});

test("a folder of the manifest arrives with one click, from whichever address has it", async ({
  page,
  server,
}) => {
  const manifest = JSON.parse(readFileSync(MANIFEST, "utf8")) as ModelManifest;
  const parts = repository.files.filter(({ path }) => !/^(README|safety_checker)|\.bin$/.test(path));
  const model: ManifestModel = {
    ...manifest.models[0],
    ...{ id: "tiny-folder", name: "Tiny folder", license: "CC0", needs: { memoryBytes: 1000, features: [] } },
    files: parts.map(({ path, content }) => ({
      ...{ role: path.split("/")[0], name: path, bytes: contentBytes(content).byteLength },
      sha256: sha256Of(content),
      urls: ["owner/gone", NAME].map((name) => `https://huggingface.co/${name}/resolve/main/${path}`),
    })),
  };
  await page.route("**/models-manifest.json", (route) =>
    route.fulfill({ json: { ...manifest, models: [...manifest.models, model] } }),
  );
  await page.goto(server.url);
  await useTestHub(page);
  await page.getByText("Recommended models").click();
  const list = page.getByRole("list", { name: "Recommended models" });
  await expect(list.getByRole("listitem").filter({ hasText: "Tiny folder" })).toContainText("CC0");
  await list.getByRole("button", { name: "Download Tiny folder" }).click();
  const row = page.getByRole("list", { name: "Download queue" }).getByRole("listitem").first();
  await expect(row).toContainText(`In your library · ${parts.length} files`, { timeout: 120_000 });
  expect(host.requests.some(({ path }) => path.startsWith("/owner/gone/"))).toBe(true);
  await expect(list.getByRole("listitem").filter({ hasText: "Tiny folder" })).toContainText(
    "In your library",
  );
  await drawWith(page, "Tiny folder");
});
