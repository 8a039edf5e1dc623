// `npm run model-previews`: makes the pictures that stand on the cards of the models that come with the app, with these very
// models, in headless Chromium. Run it after their weights changed.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CheckpointRecord, isCheckpoint, type ModelRecord } from "../src/protocol/library-api.ts";
import { type HeadlessBrowser, openHeadlessBrowser } from "./headless-browser.ts";

const PUBLIC = join(import.meta.dirname, "../public");
const SIDE = 384;
const SEED = 1;
const WEBP_QUALITY = 0.86;

type Base64 = string;

/** With the shipped checkpoint, and with `shown` where that is something used beside it. */
async function drawPicture(
  browser: HeadlessBrowser,
  checkpoint: CheckpointRecord,
  shown: ModelRecord,
): Promise<Base64> {
  if (!shown.examples) throw new Error(`models-manifest.json: ${shown.id}: expected examples, got none.`);
  const result = await browser.generate({
    ...checkpoint.defaults,
    prompt: shown.examples[0],
    negativePrompt: "",
    loras: shown.type === "lora" ? [{ modelId: shown.id, textWeight: 1, unetWeight: 1 }] : [],
    modelId: checkpoint.id,
    seed: SEED,
    batchCount: 1,
    batchSize: 1,
    noiseSource: "cpu",
    preview: false,
  });
  if (result.outcome === "failed") throw new Error(`${shown.name}: ${result.error.message}`);
  return result.pictures[0].png;
}

/** Of an upscaler: left a picture at a quarter of its size, right what became of that. */
async function upscaledHalf(browser: HeadlessBrowser, upscaler: ModelRecord, png: Base64): Promise<Buffer> {
  const small = await compose(browser, [png], SIDE / 4, "image/png");
  const file = join(scratch, "small.png");
  writeFileSync(file, small);
  const enlarged = await browser.upscale(file, {
    upscaler: { kind: "model", modelId: upscaler.id },
    target: { kind: "factor", factor: 4 },
  });
  if (enlarged.outcome === "failed") throw new Error(`${upscaler.name}: ${enlarged.error.message}`);
  return await compose(browser, [small.toString("base64"), enlarged.png], SIDE, "image/webp");
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
  const shipped = (await browser.listModels()).filter(({ origin }) => origin === "embedded");
  const checkpoint = shipped.find(isCheckpoint);
  if (!checkpoint)
    throw new Error("models-manifest.json: expected a checkpoint that comes with the app, got none.");
  for (const model of shipped) {
    if (model.preview === undefined) continue;
    const drawn = await drawPicture(browser, checkpoint, model.type === "upscaler" ? checkpoint : model);
    const preview =
      model.type === "upscaler"
        ? await upscaledHalf(browser, model, drawn)
        : await compose(browser, [drawn], SIDE, "image/webp");
    writeFileSync(join(PUBLIC, model.preview), preview);
  }
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
