// A model that is published as ONNX graphs: dropped on the page, it draws; what it was made for is all that the page offers.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { onnxFixture, onnxFolder } from "../support/onnx-folders.ts";
import { dropFromOutside, fillRecipe, generatePicture, openPage, test, writeFolder } from "./support.ts";

// The letters that the tiny model's own tokenizer knows.
const PROMPT = "f r gd";
const scratch = mkdtempSync(join(tmpdir(), "kiln-onnx-"));
const folder = join(scratch, "tiny-xl-onnx");
const upscaler = join(scratch, "2x-any.onnx");

test.beforeAll(async () => {
  await writeFolder(folder, await onnxFolder("optimum"));
  writeFileSync(upscaler, onnxFixture("2x-any.onnx"));
});

test.afterAll(() => rmSync(scratch, { recursive: true, force: true }));

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
