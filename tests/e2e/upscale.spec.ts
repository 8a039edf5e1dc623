// Enlarging with the upscaler that comes with the app, as a user does on the page and as a script does from the shell.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { readPngText } from "../../src/imaging/png-text.ts";
import { runScript, type ScriptResult } from "./run-script.ts";
import { fillRecipe, galleryPictures, generatePicture, openPage, test } from "./support.ts";

const ROOT = join(import.meta.dirname, "../..");
const PROMPT = "a red lighthouse by the sea";

const run = (...args: readonly string[]): ScriptResult => runScript("upscale", ...args);

test("a picture just made is doubled, compared and kept", async ({ app }) => {
  await fillRecipe(app, PROMPT, { steps: 2 });
  await generatePicture(app, PROMPT);
  await openPage(app, "Gallery");
  await galleryPictures(app, PROMPT).click();
  await app.getByRole("dialog").getByRole("button", { name: "Upscale", exact: true }).click();
  await expect(app.getByLabel("Upscaler", { exact: true })).toHaveValue("kiln-upscaler-x2");
  await app.getByRole("button", { name: "Upscale picture", exact: true }).click();
  const slider = app.getByRole("slider", { name: "Compare before and after" });
  await expect(slider).toBeVisible({ timeout: 120_000 });
  await expect(app.getByRole("heading", { name: /now 256 × 256/ })).toBeVisible();
  const shown = app.getByRole("img", { name: PROMPT, exact: true }).last();
  await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(256);
  await openPage(app, "Gallery");
  await expect(galleryPictures(app, PROMPT)).toHaveCount(2);
});

test("npm run upscale writes the enlarged picture and one JSON line, and refuses what makes no sense", () => {
  const folder = mkdtempSync(join(tmpdir(), "kiln-upscale-"));
  try {
    const input = join(ROOT, "public/icons/icon-192.png");
    const out = join(folder, "icon.png");
    const result = run("--input", input, "--out", out, "--json");
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    const line = JSON.parse(result.stdout.trim().split("\n").at(-1)!) as Record<string, unknown>;
    expect(line).toMatchObject({ upscaler: "Kiln Upscaler x2", width: 384, height: 384, file: out });
    const file = readFileSync(out);
    expect([file.readUInt32BE(16), file.readUInt32BE(20)]).toEqual([384, 384]);
    expect(readPngText(new Uint8Array(file)).get("parameters")).toBe(line.infotext);

    const model = join(ROOT, "tests/fixtures/upscalers/real-esrgan-x4.pth");
    const own = run("--model", model, "--input", input, "--size", "200x100", "--crop", "--out", out);
    expect(own.stderr).toBe("");
    const cropped = readFileSync(out);
    expect([cropped.readUInt32BE(16), cropped.readUInt32BE(20)]).toEqual([200, 100]);

    const wrong = run("--input", input, "--scale", "much", "--out", out);
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('--scale: expected a number, got "much"');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
