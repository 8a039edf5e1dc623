// What the end-to-end tests share: a running copy of the built app, and the steps a user takes in it.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test as base, type Page } from "@playwright/test";
import { startAppServer, type AppServer } from "../../scripts/app-server.ts";
import type { ModelManifest } from "../../src/protocol/model-manifest.ts";
import type { FolderFile } from "../../src/weights/diffusers-folder.ts";
import { countShippedModels } from "../support/shipped-models.ts";

const ROOT = join(import.meta.dirname, "../..");
const DIST = join(ROOT, "dist");

/** How many models come with the app. */
export const SHIPPED_MODELS = countShippedModels(
  JSON.parse(readFileSync(join(ROOT, "models-manifest.json"), "utf8")) as ModelManifest,
);

/** A test with its own server, and a page that fails the test when it asks another host for anything. */
export const test = base.extend<{ server: AppServer; app: Page }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the dependencies from the pattern
  server: async ({}, use) => {
    const server = await startAppServer({ folder: DIST, port: 0 });
    await use(server);
    await server.close();
  },
  app: async ({ page, server }, use) => {
    const foreign: string[] = [];
    const problems: string[] = [];
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== new URL(server.url).origin) foreign.push(request.url());
    });
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(server.url);
    await use(page);
    expect(foreign, "requests to other hosts").toEqual([]);
    expect(problems, "uncaught errors and policy violations").toEqual([]);
  },
});

/** Fills the form for a small, quick picture. */
export async function fillRecipe(
  page: Page,
  prompt: string,
  { steps = 4, size = 128, seed = 42 } = {},
): Promise<void> {
  await page.getByLabel("Prompt", { exact: true }).fill(prompt);
  await setNumber(page, "Steps", steps);
  await setNumber(page, "Width", size);
  await setNumber(page, "Height", size);
  await setNumber(page, "Seed", seed);
}

export async function setNumber(page: Page, label: string, value: number): Promise<void> {
  const field = page
    .getByRole("spinbutton", { name: label, exact: true })
    .or(page.getByRole("textbox", { name: label, exact: true }));
  await field.first().fill(String(value));
  await field.first().press("Tab");
}

export async function generate(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Generate", exact: true }).click();
}

/** The finished picture on the stage, whose alternative text is its prompt. */
export function stagePicture(page: Page, prompt: string) {
  return page.getByRole("img", { name: prompt, exact: true }).first();
}

/** The pictures of the filmstrip beside the stage. */
export function latestPictures(page: Page) {
  return page.getByRole("list", { name: "Latest pictures" }).getByRole("listitem");
}

/** Presses Generate and waits for one more picture than there was. */
export async function generatePicture(page: Page, prompt: string): Promise<void> {
  const before = await latestPictures(page).count();
  await generate(page);
  await expect(latestPictures(page)).toHaveCount(before + 1, { timeout: 120_000 });
  await expect(stagePicture(page, prompt)).toBeVisible();
  await expect(page).toHaveTitle(/^Kiln/);
}

export async function openPage(
  page: Page,
  name: "Generate" | "Upscale" | "Gallery" | "Models" | "Settings",
): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name, exact: true }).first().click();
}

/** Pictures of the gallery page with this prompt. */
export function galleryPictures(page: Page, prompt: string) {
  return page.getByRole("main").getByRole("button", { name: prompt, exact: true });
}

/** A drop from outside the browser, as the browser itself gets it. */
export async function dropFromOutside(page: Page, path: string): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await client.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
}

/** Writes the files of a model below `folder`. */
export async function writeFolder(folder: string, files: readonly FolderFile[]): Promise<void> {
  for (const { path, source } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), await source.read(0, source.byteLength));
  }
}
