// `npm run model-previews`: makes the pictures that stand on the cards of the models that come with the app, with these very
// models, in headless Chromium. Run it after their weights changed.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isCheckpoint } from "../src/protocol/library-api.ts";
import { type HeadlessBrowser, openHeadlessBrowser } from "./headless-browser.ts";

const PUBLIC = join(import.meta.dirname, "../public");
const SEED = 1;
const WEBP_QUALITY = 0.86;

type Base64 = string;

async function drawPicture(
  browser: HeadlessBrowser,
): Promise<{ readonly png: Base64; readonly preview: string }> {
  const model = (await browser.listModels()).find(isCheckpoint);
  if (!model?.preview || !model.examples) {
    throw new Error("models-manifest.json: expected a checkpoint with examples and a preview, got none.");
  }
  const result = await browser.generate({
    ...model.defaults,
    prompt: model.examples[0],
    negativePrompt: "",
    loras: [],
    modelId: model.id,
    seed: SEED,
    batchCount: 1,
    batchSize: 1,
    noiseSource: "cpu",
    preview: false,
  });
  if (result.outcome === "failed") throw new Error(`${model.name}: ${result.error.message}`);
  return { png: result.pictures[0].png, preview: model.preview };
}

/** Layers of equal importance side by side, each drawn over the whole area and shown in its own column. */
async function compose(
  browser: HeadlessBrowser,
  layers: readonly Base64[],
  side: number,
  type: string,
): Promise<Buffer> {
  const data = await browser.page.evaluate(
    async ({ layers, side, type, quality }) => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = side;
      const context = canvas.getContext("2d")!;
      context.imageSmoothingEnabled = layers.length === 1; // beside another, each pixel is to be seen
      context.imageSmoothingQuality = "high";
      for (const [i, png] of layers.entries()) {
        const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const [from, width] = [(i * side) / layers.length, side / layers.length];
        context.save();
        context.beginPath();
        context.rect(from, 0, width, side);
        context.clip();
        context.drawImage(bitmap, 0, 0, side, side);
        context.restore();
        if (i > 0) {
          context.fillStyle = "white";
          context.fillRect(from - 1, 0, 2, side);
        }
      }
      return canvas.toDataURL(type, quality).split(",")[1];
    },
    { layers: [...layers], side, type, quality: WEBP_QUALITY },
  );
  return Buffer.from(data, "base64");
}

const scratch = mkdtempSync(join(tmpdir(), "kiln-previews-"));
const browser = await openHeadlessBrowser();
try {
  await browser.start("auto");
  const { png, preview } = await drawPicture(browser);
  writeFileSync(join(PUBLIC, preview), await compose(browser, [png], 384, "image/webp"));

  const upscaler = (await browser.listModels()).find(({ type }) => type === "upscaler");
  if (upscaler?.preview && upscaler.scale !== undefined) {
    const small = await compose(browser, [png], 96, "image/png");
    const file = join(scratch, "small.png");
    writeFileSync(file, small);
    const enlarged = await browser.upscale(file, {
      upscaler: { kind: "model", modelId: upscaler.id },
      target: { kind: "factor", factor: 2 * upscaler.scale },
    });
    if (enlarged.outcome === "failed") throw new Error(`${upscaler.name}: ${enlarged.error.message}`);
    const both = await compose(browser, [small.toString("base64"), enlarged.png], 384, "image/webp");
    writeFileSync(join(PUBLIC, upscaler.preview), both);
  }
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
