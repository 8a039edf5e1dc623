// Models that are published as ONNX graphs: dropped on the page and given to the command line, they draw and enlarge.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { readPngText } from "../../src/imaging/png-text.ts";
import { onnxFixture, onnxFolder } from "../support/onnx-folders.ts";
import { runScript } from "./run-script.ts";
import { dropFromOutside, fillRecipe, generatePicture, openPage, test, writeFolder } from "./support.ts";

// The letters that the tiny model's own tokenizer knows.
const PROMPT = "f r gd";
const ICON = join(import.meta.dirname, "../../public/icons/icon-192.png");
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

test("the command line draws with a folder and enlarges with a file", () => {
  const [drawn, enlarged] = [join(scratch, "drawn.png"), join(scratch, "enlarged.png")];
  const size = ["--width", "64", "--height", "64", "--steps", "2"];
  const generate = runScript("generate", "--prompt", PROMPT, "--model", folder, ...size, "--out", drawn);
  expect(generate.stderr).toBe("");
  expect(generate.status).toBe(0);
  expect(parametersOf(drawn)).toContain("Model: tiny-xl-onnx");

  const upscale = runScript(
    "upscale",
    "--model",
    upscaler,
    "--input",
    ICON,
    "--scale",
    "2",
    "--out",
    enlarged,
  );
  expect(upscale.stderr).toBe("");
  expect(upscale.status).toBe(0);
  const file = readFileSync(enlarged);
  expect([file.readUInt32BE(16), file.readUInt32BE(20)]).toEqual([384, 384]);
  expect(parametersOf(enlarged)).toContain("2x-any");
});

const parametersOf = (path: string): string | undefined =>
  readPngText(new Uint8Array(readFileSync(path))).get("parameters");
