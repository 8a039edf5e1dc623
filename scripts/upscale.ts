// `npm run upscale`: enlarges a picture from the shell with the built app's own engine in headless Chromium. Parses arguments
// and writes the file; upscaling itself lives in src/.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { DevicePreference } from "../src/protocol/engine-api.ts";
import type { ModelRecord } from "../src/protocol/library-api.ts";
import type { UpscalerChoice, UpscaleTarget } from "../src/protocol/upscale-request.ts";
import { openHeadlessBrowser, type HeadlessBrowser } from "./headless-browser.ts";

const USAGE = `npm run upscale -- --input IMAGE --out picture.png
  [--model FILE|lanczos|nearest] [--scale N | --size WIDTHxHEIGHT [--crop]] [--device auto|webgpu|wasm] [--json]

--model is an upscaler (.pth, .safetensors or .onnx); without it, the one that comes with the app enlarges. What is left of the size
takes the upscaler's own scale.`;

const DEVICES: readonly DevicePreference[] = ["auto", "webgpu", "wasm"];

class UsageError extends Error {}

function readArguments() {
  const { values } = parseArgs({
    options: {
      model: { type: "string" },
      input: { type: "string" },
      scale: { type: "string" },
      size: { type: "string" },
      crop: { type: "boolean", default: false },
      out: { type: "string" },
      device: { type: "string", default: "auto" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return values;
}

type Arguments = ReturnType<typeof readArguments>;

const isFilter = (name: string | undefined): name is "lanczos" | "nearest" =>
  name === "lanczos" || name === "nearest";

function checkArguments({ input, out, model, device }: Arguments): void {
  if (input === undefined) throw new UsageError("--input: expected a picture file, got nothing");
  if (!existsSync(input)) throw new UsageError(`--input: no such file: ${input}`);
  if (out === undefined) throw new UsageError("--out: expected a file to write, got nothing");
  if (extname(out).toLowerCase() !== ".png")
    throw new UsageError(`--out: expected a .png file, got "${out}"`);
  if (!DEVICES.includes(device as DevicePreference))
    throw new UsageError(`--device: expected ${DEVICES.join(", ")}, got "${device}"`);
  if (model !== undefined && !isFilter(model) && !existsSync(model))
    throw new UsageError(`--model: no such file: ${model}`);
}

/** The range is checked by the engine, which names it. */
function targetOf({ scale, size, crop }: Arguments, ownScale: number): UpscaleTarget {
  if (scale !== undefined && size !== undefined)
    throw new UsageError("--scale, --size: expected one of them, got both");
  if (size !== undefined) {
    const match = /^(\d+)x(\d+)$/.exec(size);
    if (!match) throw new UsageError(`--size: expected WIDTHxHEIGHT, got "${size}"`);
    return { kind: "size", width: Number(match[1]), height: Number(match[2]), crop };
  }
  const factor = scale === undefined ? ownScale : Number(scale);
  if (scale?.trim() === "" || !Number.isFinite(factor))
    throw new UsageError(`--scale: expected a number, got "${scale}"`);
  return { kind: "factor", factor };
}

async function openUpscaler(browser: HeadlessBrowser, path: string | undefined): Promise<ModelRecord> {
  const record =
    path === undefined
      ? (await browser.listModels()).find(({ type }) => type === "upscaler")
      : await browser.importModel(resolve(path));
  if (!record) throw new Error("The app offers no upscaler: models-manifest.json lists none. Give --model.");
  if (record.type === "upscaler") return record;
  throw new Error(`${record.fileName}: expected an upscaler, got a ${record.type}.`);
}

async function main(): Promise<void> {
  const args = readArguments();
  if (args.help) {
    console.log(USAGE);
    return;
  }
  checkArguments(args);
  targetOf(args, 1); // a wrong size should be told before a browser is started
  const browser = await openHeadlessBrowser();
  try {
    const device = await browser.start(args.device as DevicePreference);
    const record = isFilter(args.model) ? undefined : await openUpscaler(browser, args.model);
    const upscaler: UpscalerChoice =
      record === undefined
        ? { kind: "resample", filter: args.model as "lanczos" | "nearest" }
        : { kind: "model", modelId: record.id };
    const target = targetOf(args, record?.scale ?? 2);
    const result = await browser.upscale(resolve(args.input!), { upscaler, target });
    if (result.outcome === "failed") throw new Error(`${result.error.name}: ${result.error.message}`);
    const file = resolve(args.out!);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(result.png, "base64"));

    const { width, height, seconds, tileSize, secondsPerTile } = result.summary;
    const name = record?.name ?? args.model;
    if (args.json) {
      const facts = { device, upscaler: name, width, height, seconds, tileSize, secondsPerTile };
      console.log(JSON.stringify({ ...facts, infotext: result.infotext, file }));
    } else {
      console.log(`${device.device} (${device.precision}): ${device.reason}`);
      console.log(
        `${name}: load ${seconds.load.toFixed(2)} s, tiles of ${tileSize} px ${seconds.tiles.toFixed(2)} s`,
      );
      console.log(`${file} (${width} × ${height})`);
    }
  } finally {
    await browser.close();
  }
}

try {
  await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  console.error((error as Error).message);
  if (isUsage) console.error(`\n${USAGE}`);
  process.exitCode = isUsage ? 2 : 1;
}
