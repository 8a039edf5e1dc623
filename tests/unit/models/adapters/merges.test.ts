// Weights merged here agree with LyCORIS' and PEFT's own merges (tools/fixtures/adapters.py), for every published form.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { adaptedTensor, type AppliedLora } from "../../../../src/models/adapters/adapted-tensor.ts";
import { readLora } from "../../../../src/models/adapters/lora.ts";
import { detectModel } from "../../../../src/models/detect-model.ts";
import type { Checkpoint } from "../../../../src/weights/checkpoint.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../../src/weights/safetensors.ts";
import { countingSource } from "../../../support/counting-source.ts";
import { GoldenTensors } from "../../../support/fixture-model.ts";
import { relativeDifference } from "../../../support/relative-difference.ts";

const TOLERANCE = 1e-5;
const FIXTURES = new URL("../../../fixtures/", import.meta.url);

const bytesOf = (path: string): Uint8Array => readFileSync(new URL(path, FIXTURES));
const sourceOf = (path: string) => memorySource(bytesOf(path), path.slice(path.lastIndexOf("/") + 1));
const open = (path: string): Promise<Checkpoint> => openSafetensors(sourceOf(path));

const model = detectModel(await open("models/tiny.safetensors"));
const merged = await open("adapters/merged.safetensors");
const golden = await GoldenTensors.of(bytesOf("adapters/merged.safetensors"));
const LINEAR = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight";

/** Of tools/fixtures/adapters.py. */
const STACK: Readonly<Record<string, number>> = {
  kohya: 0.8,
  "kohya-original": -0.4,
  tucker: 1,
  loha: 0.3,
  lokr: 0.6,
  "lokr-both": 1.2,
  full: -0.7,
};

async function applied(variant: string, unet: number, textEncoder = unet): Promise<AppliedLora> {
  const lora = readLora(await open(`adapters/${variant}.safetensors`), model);
  return { lora, strengths: { unet, textEncoder } };
}

function weightWith(key: string, loras: readonly AppliedLora[]): Float32Array {
  const { shape } = model.checkpoint.tensors.get(key)!;
  const tensor = adaptedTensor(model.checkpoint, key, { dtype: "float32", shape }, loras);
  return new Float32Array(tensor.readSync().slice().buffer);
}

test.each([
  "kohya",
  "kohya-original",
  "tucker",
  "loha",
  "loha-tucker",
  "lokr",
  "lokr-both",
  "lokr-tucker",
  "lokr-full",
  "dora-outputs",
  "dora-inputs",
  "doha",
  "full",
  "peft",
  "peft-rslora",
  "peft-dora",
])("%s files merge as their authors' own code does", async (variant) => {
  const lora = await applied(variant, 1);
  const keys = [...merged.tensors.keys()].filter((key) => key.startsWith(`${variant}/`));
  expect(lora.lora.unmatched).toEqual([]);
  expect([...lora.lora.patches.keys()].sort()).toEqual(
    keys.map((key) => key.slice(variant.length + 1)).sort(),
  );
  for (const key of keys) {
    const name = key.slice(variant.length + 1);
    expect(relativeDifference(weightWith(name, [lora]), golden.float32(key)), name).toBeLessThan(TOLERANCE);
    // An adapter that did nothing would be no test.
    expect(relativeDifference(weightWith(name, []), golden.float32(key)), name).toBeGreaterThan(0.01);
  }
});

test("seven adapters of different kinds are merged at their strengths", async () => {
  const loras = await Promise.all(
    Object.entries(STACK).map(([variant, strength]) => applied(variant, strength)),
  );
  expect(relativeDifference(weightWith(LINEAR, loras), golden.float32(`stack/${LINEAR}`))).toBeLessThan(
    TOLERANCE,
  );
});

test("text encoders and the UNet have strengths of their own, and strength 0 hands the file's bytes over", async () => {
  const lora = await applied("kohya", 0, 1);
  const text = [...lora.lora.patches.keys()].find((key) => key.startsWith("cond_stage_model."))!;
  expect(relativeDifference(weightWith(text, [lora]), golden.float32(`kohya/${text}`))).toBeLessThan(
    TOLERANCE,
  );
  expect(weightWith(LINEAR, [lora])).toEqual(weightWith(LINEAR, []));
  const { shape } = model.checkpoint.tensors.get(LINEAR)!;
  const use = { dtype: "float32", shape } as const;
  expect(adaptedTensor(model.checkpoint, LINEAR, use, [lora]).location).toBe(LINEAR);
});

test("DoRA at half strength lies half way", async () => {
  const key = "model.diffusion_model.input_blocks.1.0.out_layers.3.weight";
  const base = weightWith(key, []);
  const whole = weightWith(key, [await applied("dora-inputs", 1)]);
  const half = weightWith(key, [await applied("dora-inputs", 0.5)]);
  expect(
    relativeDifference(
      half,
      base.map((value, i) => (value + whole[i]) / 2),
    ),
  ).toBeLessThan(TOLERANCE);
});

test("rows, float16 and asynchronous reads are of the same merged weight", async () => {
  const { shape } = model.checkpoint.tensors.get(LINEAR)!;
  const loras = [await applied("dora-inputs", 1)];
  const whole = weightWith(LINEAR, loras);
  const rows = [8, 24] as const;
  const tensor = adaptedTensor(model.checkpoint, LINEAR, { dtype: "float32", shape, rows }, loras);
  expect(tensor.shape).toEqual([16, shape[1]]);
  const read = await tensor.read();
  expect(read.byteLength).toBe(tensor.byteLength);
  expect(new Float32Array(read.buffer)).toEqual(whole.slice(8 * shape[1], 24 * shape[1]));

  const half = adaptedTensor(model.checkpoint, LINEAR, { dtype: "float16", shape }, loras);
  const bytes = half.readSync();
  expect(bytes.byteLength).toBe(2 * whole.length);
  const halves = Float32Array.from(new Float16Values(bytes).values());
  expect(relativeDifference(halves, whole)).toBeLessThan(1e-3);
});

/** IEEE halves without the code under test. */
class Float16Values {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  *values(): Generator<number> {
    for (let at = 0; at < this.#view.byteLength; at += 2) {
      const bits = this.#view.getUint16(at, true);
      const exponent = (bits >> 10) & 31;
      const mantissa = bits & 1023;
      const size = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
      yield bits & 0x8000 ? -size : size;
    }
  }
}

test("reading a file's index reads no weights, and one weight reads only its own parts", async () => {
  const source = countingSource(sourceOf("adapters/kohya.safetensors"));
  const checkpoint = await openSafetensors(source);
  const header = source.bytesRead;
  const lora = readLora(checkpoint, model);
  expect(source.bytesRead).toBe(header);
  weightWith(LINEAR, [{ lora, strengths: { unet: 1, textEncoder: 1 } }]);
  // Rank 3 for [32, 128] in float32, and alpha.
  expect(source.bytesRead - header).toBe(3 * (32 + 128) * 4 + 4);
});
