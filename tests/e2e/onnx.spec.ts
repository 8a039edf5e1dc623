// A model that is published as ONNX graphs: dropped on the page, it draws; what it was made for is all that the page offers.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, type Page } from "@playwright/test";
import { onnxFixture, onnxFolder } from "../support/onnx-folders.ts";
import { fillRecipe, generatePicture, openPage, test } from "./support.ts";

// The letters that the tiny model's own tokenizer knows.
const PROMPT = "f r gd";
const scratch = mkdtempSync(join(tmpdir(), "kiln-onnx-"));
const folder = join(scratch, "tiny-xl-onnx");
const upscaler = join(scratch, "2x-any.onnx");

test.beforeAll(async () => {
  for (const { path, source } of await onnxFolder("optimum")) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), await source.read(0, source.byteLength));
  }
  writeFileSync(upscaler, onnxFixture("2x-any.onnx"));
});

test.afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A drop from outside the browser, as the browser itself gets it. */
async function dropFromOutside(page: Page, path: string): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await client.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
}

test("a dropped folder of ONNX graphs becomes a model that generates", async ({ app }) => {
  await expect(app.getByRole("button", { name: "Generate", exact: true })).toBeVisible();
  await dropFromOutside(app, folder);
  await expect(app.getByText("tiny-xl-onnx is ready.")).toBeVisible({ timeout: 60_000 });
  const models = app.getByRole("list", { name: "Models on this device" });
  await expect(models.getByText("ONNX, as published")).toBeVisible();
  await models.getByRole("button", { name: "Use", exact: true }).click();
  await fillRecipe(app, PROMPT, { steps: 2, size: 64 });
  await generatePicture(app, PROMPT);
});

test("a dropped .onnx upscaler is on the Upscale page", async ({ app }) => {
  await expect(app.getByRole("button", { name: "Generate", exact: true })).toBeVisible();
  await dropFromOutside(app, upscaler);
  await expect(app.getByText("2x-any is ready.")).toBeVisible({ timeout: 60_000 });
  await openPage(app, "Upscale");
  await expect(app.getByRole("combobox", { name: "Upscaler" })).toContainText("2x-any");
});
