// `npm run contact-sheet`: makes the pictures of docs/model-card.md with the built app in headless Chromium, one per line of
// tools/train/sheet-prompts.txt, and lays them out in one PNG.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isCheckpoint } from "../src/protocol/library-api.ts";
import { openHeadlessBrowser } from "./headless-browser.ts";

const COLUMNS = 6;
const ROOT = join(import.meta.dirname, "..");

const { values } = parseArgs({
  options: {
    prompts: { type: "string", default: join(ROOT, "tools/train/sheet-prompts.txt") },
    out: { type: "string", default: join(ROOT, "docs/contact-sheet.png") },
    seed: { type: "string", default: "1" },
    steps: { type: "string" },
  },
});
const prompts = readFileSync(values.prompts, "utf8")
  .split("\n")
  .map((line) => line.trim())
  .filter(Boolean);

const browser = await openHeadlessBrowser();
try {
  await browser.start("auto");
  const model = (await browser.listModels()).find(isCheckpoint);
  if (!model) throw new Error("models-manifest.json lists no checkpoint.");
  const { steps, ...defaults } = model.defaults;
  const pictures: string[] = [];
  for (const [index, prompt] of prompts.entries()) {
    const result = await browser.generate({
      ...defaults,
      prompt,
      negativePrompt: "",
      loras: [],
      modelId: model.id,
      steps: values.steps === undefined ? steps : Number(values.steps),
      seed: Number(values.seed) + index,
      batchCount: 1,
      batchSize: 1,
      noiseSource: "cpu",
      preview: false,
    });
    if (result.outcome === "failed") throw new Error(`"${prompt}": ${result.error.message}`);
    pictures.push(result.pictures[0].png);
    console.log(`${index + 1}/${prompts.length} ${prompt}`);
  }
  const sheet = await browser.page.evaluate(
    async ({ pictures, columns, width, height }) => {
      const canvas = document.createElement("canvas");
      canvas.width = columns * width;
      canvas.height = Math.ceil(pictures.length / columns) * height;
      const context = canvas.getContext("2d")!;
      for (const [index, png] of pictures.entries()) {
        const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        context.drawImage(bitmap, (index % columns) * width, Math.floor(index / columns) * height);
      }
      return canvas.toDataURL("image/png").split(",")[1];
    },
    { pictures, columns: COLUMNS, width: defaults.width, height: defaults.height },
  );
  writeFileSync(values.out, Buffer.from(sheet, "base64"));
  console.log(values.out);
} finally {
  await browser.close();
}
