// Models in files of the user's own: one that is used where it lies, and one that is moved out of the browser. The pickers, which
// no test can click, give files of the private file system; nothing else in the app is replaced.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page } from "@playwright/test";
import { fillRecipe, generatePicture, openPage, SHIPPED_MODELS, test } from "./support.ts";

const PROMPT = "a small boat on a lake";
const EMBEDDED = join(import.meta.dirname, "../../public/models/kiln-small/kiln-small.safetensors");

interface Pickers {
  showOpenFilePicker: () => Promise<readonly FileSystemFileHandle[]>;
  showSaveFilePicker: () => Promise<unknown>;
}

/** The embedded model with one letter of its metadata changed: the same network in a file of another hash. */
function ownModel(): Buffer {
  const bytes = readFileSync(EMBEDDED);
  bytes.write("J", bytes.indexOf("Kiln contributors"));
  return bytes;
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Every file of the private file system that is a model, by its path. */
function storedModels(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const found: string[] = [];
    const visit = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === "directory") await visit(handle, `${path}${name}/`);
        else if (name.endsWith(".safetensors")) found.push(path + name);
      }
    };
    await visit(await navigator.storage.getDirectory(), "");
    return found;
  });
}

function hashOfStored(page: Page, name: string): Promise<string> {
  return page.evaluate(async (name) => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle(name)).getFile();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }, name);
}

const cards = (page: Page) => page.getByRole("list", { name: "Models on this device" });

test("a model that stays in its own file draws, without a copy of it", async ({ app }) => {
  await expect(app.getByRole("button", { name: "Generate", exact: true })).toBeVisible();
  await app.evaluate(async () => {
    const bytes = await (await fetch("models/kiln-small/kiln-small.safetensors")).arrayBuffer();
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle("mine.safetensors", { create: true });
    const writable = await handle.createWritable();
    await writable.write(bytes);
    // One letter of the metadata: the same network in a file of another hash.
    const at = new TextDecoder("latin1").decode(bytes).indexOf("Kiln contributors");
    await writable.write({ type: "write", position: at, data: "J" });
    await writable.close();
    (window as unknown as Pickers).showOpenFilePicker = () => Promise.resolve([handle]);
  });
  await openPage(app, "Models");
  await app.getByRole("button", { name: "Use in place", exact: true }).click();
  await expect(cards(app).getByText("In place", { exact: true })).toBeVisible();
  await cards(app).getByRole("button", { name: "Use", exact: true }).click();
  await fillRecipe(app, PROMPT, { steps: 1 });
  await generatePicture(app, PROMPT);
  expect(await storedModels(app)).toEqual(["mine.safetensors"]);
  expect(await hashOfStored(app, "mine.safetensors")).toBe(sha256(ownModel()));
});

test("a model is moved out: removed only after its last byte was written, and not when writing failed", async ({
  app,
}, testInfo) => {
  const bytes = ownModel();
  const path = testInfo.outputPath("own-model.safetensors");
  writeFileSync(path, bytes);
  const stored = `models/${sha256(bytes)}/own-model.safetensors`;
  await openPage(app, "Models");
  await app.getByLabel("Model file").setInputFiles(path);
  await expect(cards(app).getByRole("listitem")).toHaveCount(SHIPPED_MODELS + 1, { timeout: 120_000 });
  await app.getByRole("link", { name: "Storage", exact: true }).click();
  const move = app
    .getByRole("list", { name: "Largest models" })
    .getByRole("button", { name: /^Move .* out$/ });

  await app.evaluate(() => {
    let chunks = 0;
    const write = (): void => {
      if (++chunks > 2) throw new DOMException("The disk is full.", "QuotaExceededError");
    };
    const createWritable = (): Promise<WritableStream> => Promise.resolve(new WritableStream({ write }));
    (window as unknown as Pickers).showSaveFilePicker = () =>
      Promise.resolve({ name: "full.safetensors", createWritable });
  });
  await move.click();
  await expect(app.getByRole("alert")).toBeVisible();
  expect(await storedModels(app)).toEqual([stored]);

  await app.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle("moved.safetensors", { create: true });
    (window as unknown as Pickers).showSaveFilePicker = () => Promise.resolve(handle);
  });
  await move.click();
  await expect(app.getByText(/ is being removed\.$/)).toBeVisible({ timeout: 60_000 });
  expect(await hashOfStored(app, "moved.safetensors")).toBe(sha256(bytes));
  await expect.poll(() => storedModels(app), { timeout: 60_000 }).toEqual(["moved.safetensors"]);
  await openPage(app, "Models");
  await app.getByRole("link", { name: "Library", exact: true }).click();
  await expect(cards(app).getByRole("listitem")).toHaveCount(SHIPPED_MODELS);
});
