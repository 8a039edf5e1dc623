// Everyday use: keyboard only, phone width, restoring a recipe from a picture, deleting with undo, importing a model file.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@playwright/test";
import {
  fillRecipe,
  galleryPictures,
  generatePicture,
  openPage,
  SHIPPED_MODELS,
  stagePicture,
  test,
} from "./support.ts";

const PROMPT = "a yellow balloon above green hills";
const EMBEDDED = join(import.meta.dirname, "../../public/models/kiln-small/kiln-small.safetensors");

test("the keyboard alone makes, finds and opens a picture", async ({ app }) => {
  await fillRecipe(app, "", { steps: 1 });
  await app.getByLabel("Prompt", { exact: true }).focus();
  await app.keyboard.type(PROMPT);
  await app.keyboard.press("Control+Enter");
  await expect(stagePicture(app, PROMPT)).toBeVisible({ timeout: 120_000 });
  await app.getByRole("link", { name: "Gallery", exact: true }).first().focus();
  await app.keyboard.press("Enter");
  await galleryPictures(app, PROMPT).focus();
  await app.keyboard.press("Enter");
  await expect(app.getByRole("dialog")).toContainText("Steps");
  await app.keyboard.press("Escape");
  await expect(app.getByRole("dialog")).toBeHidden();
});

test("a dropped picture gives its recipe back", async ({ app }) => {
  await fillRecipe(app, PROMPT, { steps: 3, seed: 4711 });
  await generatePicture(app, PROMPT);
  const download = app.waitForEvent("download");
  await app.getByRole("button", { name: "Download", exact: true }).first().click();
  const path = await (await download).path();

  await fillRecipe(app, "something else", { steps: 1, seed: 1 });
  const base64 = readFileSync(path).toString("base64");
  const transfer = await app.evaluateHandle((base64) => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    data.items.add(new File([bytes], "picture.png", { type: "image/png" }));
    return data;
  }, base64);
  for (const event of ["dragenter", "dragover", "drop"]) {
    await app.dispatchEvent("body", event, { dataTransfer: transfer });
  }
  await app.getByRole("dialog").getByRole("button", { name: "Restore all" }).click();
  await expect(app.getByLabel("Prompt", { exact: true })).toHaveValue(PROMPT);
  await expect(app.getByRole("spinbutton", { name: "Steps", exact: true })).toHaveValue("3");
  await expect(app.getByLabel("Seed", { exact: true })).toHaveValue("4711");
});

test("a deleted picture comes back with Undo", async ({ app }) => {
  await fillRecipe(app, PROMPT, { steps: 1 });
  await generatePicture(app, PROMPT);
  await openPage(app, "Gallery");
  await galleryPictures(app, PROMPT).click();
  await app.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(galleryPictures(app, PROMPT)).toHaveCount(0);
  await app.getByRole("button", { name: "Undo", exact: true }).click();
  await expect(galleryPictures(app, PROMPT)).toHaveCount(1);
});

test("a model file is imported as it is and generates", async ({ app }, testInfo) => {
  // The embedded model with one letter of its metadata changed: the same network in a file of another hash.
  const bytes = readFileSync(EMBEDDED);
  bytes.write("J", bytes.indexOf("Kiln contributors"));
  const path = testInfo.outputPath("own-model.safetensors");
  writeFileSync(path, bytes);

  await openPage(app, "Models");
  await app.getByLabel("Model file").setInputFiles(path);
  const models = app.getByRole("list", { name: "Models on this device" });
  await expect(models.getByRole("listitem")).toHaveCount(SHIPPED_MODELS + 1, { timeout: 120_000 });
  await models.getByRole("button", { name: "Use", exact: true }).click();
  await fillRecipe(app, PROMPT, { steps: 1 });
  await generatePicture(app, PROMPT);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("everything needed is within reach", async ({ app }) => {
    await app.getByLabel("Prompt", { exact: true }).fill(PROMPT);
    const button = app.getByRole("button", { name: "Generate", exact: true });
    await expect(button).toBeInViewport();
    const box = (await button.boundingBox())!;
    expect(box.height).toBeGreaterThanOrEqual(40);
    await button.tap();
    await expect(stagePicture(app, PROMPT)).toBeVisible({ timeout: 180_000 });
    const overflow = await app.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});
