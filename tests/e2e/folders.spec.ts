// Models that are published as folders: dropped on the page, picked on the Models page, given to the command line.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { familyFolder } from "../support/family-models.ts";
import { runScript } from "./run-script.ts";
import { dropFromOutside, fillRecipe, generatePicture, openPage, test, writeFolder } from "./support.ts";

// The letters that the tiny model's own tokenizer knows.
const PROMPT = "f r gd";
const scratch = mkdtempSync(join(tmpdir(), "kiln-folders-"));
const folder = join(scratch, "tiny-xl");

test.beforeAll(async () => {
  await writeFolder(folder, await familyFolder({ unet: "xl" }, { prediction_type: "v_prediction" }));
});

test.afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("a dropped folder becomes a model that generates", async ({ app }) => {
  await expect(app.getByRole("button", { name: "Generate", exact: true })).toBeVisible();
  await dropFromOutside(app, folder);
  await expect(app.getByText("tiny-xl is ready.")).toBeVisible({ timeout: 60_000 });
  const models = app.getByRole("list", { name: "Models on this device" });
  await models.getByRole("button", { name: "Use", exact: true }).click();
  await fillRecipe(app, PROMPT, { steps: 2, size: 64 });
  await generatePicture(app, PROMPT);
});

test("a folder is chosen with a picker", async ({ app }) => {
  await openPage(app, "Models");
  await app.getByLabel("Model folder").setInputFiles(folder);
  await expect(app.getByText("tiny-xl is ready.")).toBeVisible({ timeout: 60_000 });
});

test("the command line takes a folder", () => {
  const out = join(scratch, "picture.png");
  const size = ["--width", "64", "--height", "64", "--steps", "2"];
  const result = runScript("generate", "--prompt", PROMPT, "--model", folder, ...size, "--out", out);
  expect(result.stderr).toBe("");
  expect(existsSync(out)).toBe(true);
});
