// `npm run generate`: files, metadata, JSON line, dumps and exit codes, as a script would rely on them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { readPngText } from "../../src/imaging/png-text.ts";
import { memorySource } from "../../src/weights/memory-source.ts";
import { widenToFloat32 } from "../../src/weights/dtypes.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { type TensorToWrite, writeSafetensors } from "../../src/weights/write-safetensors.ts";
import { familyFile } from "../support/family-models.ts";
import { runScript, type ScriptResult } from "./run-script.ts";

const ROOT = join(import.meta.dirname, "../..");
let folder: string;

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kiln-cli-"));
});
test.afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]): ScriptResult => runScript("generate", ...args);

/** Tokens of the vocabulary that all Stable Diffusion families share. */
const CLIP_VOCABULARY = 49408;
const SMALL = ["--width", "128", "--height", "128", "--steps", "2", "--seed", "42"];

test("writes numbered pictures with infotext, one JSON line and a dump", async () => {
  const out = join(folder, "picture.png");
  const dump = join(folder, "dump.safetensors");
  const result = run(
    "--prompt",
    "a boat",
    ...SMALL,
    "--count",
    "2",
    "--out",
    out,
    "--dump-latents",
    dump,
    "--json",
  );
  expect(result.stderr).toBe("");
  expect(result.status).toBe(0);

  const line = JSON.parse(result.stdout.trim().split("\n").at(-1)!) as {
    request: { prompt: string };
    device: { device: string };
    seconds: Record<string, number>;
    seed: number;
    files: { file: string; seed: number }[];
  };
  expect(line.request.prompt).toBe("a boat");
  expect(line.device.device).toBe("wasm"); // a software WebGPU adapter is not taken for a real one
  expect(Object.keys(line.seconds)).toEqual(["load", "text", "steps", "decode"]);
  expect(line.files.map(({ seed }) => seed)).toEqual([42, 43]);
  for (const { file, seed } of line.files) {
    const infotext = readPngText(new Uint8Array(readFileSync(file))).get("parameters");
    expect(infotext).toContain("a boat");
    expect(infotext).toContain(`Seed: ${seed}`);
    expect(infotext).toContain("Size: 128x128");
  }

  const checkpoint = await openSafetensors(memorySource(new Uint8Array(readFileSync(dump)), "dump"));
  const shapes = Object.fromEntries([...checkpoint.tensors.values()].map(({ key, shape }) => [key, shape]));
  expect(shapes.noise).toEqual([1, 4, 16, 16]);
  expect(shapes.latents).toEqual([1, 4, 16, 16]);
  expect(shapes.conditioning.slice(0, 2)).toEqual([1, 77]);
  expect(shapes.unconditional).toEqual(shapes.conditioning);
  expect(shapes.image).toEqual([3, 128, 128]);
});

test("a model file takes the same import path as a drop", () => {
  const embedded = join(ROOT, "public/models/kiln-small/kiln-small.safetensors");
  const out = join(folder, "own.png");
  const result = run("--prompt", "a boat", ...SMALL, "--model", embedded, "--out", out);
  expect(result.stderr).toBe("");
  expect(result.status).toBe(0);
  expect(readPngText(new Uint8Array(readFileSync(out))).has("parameters")).toBe(true);
});

test("an SDXL checkpoint makes a picture with the shipped tokenizer", async () => {
  const file = join(folder, "tiny-xl.safetensors");
  writeFileSync(file, await familyFile({ unet: "xl", vocabulary: CLIP_VOCABULARY }, "original"));
  const out = join(folder, "xl.png");
  const result = run(
    "--prompt",
    "a (house:1.2) by the [sea:hill:1]",
    ...SMALL,
    "--model",
    file,
    "--out",
    out,
  );
  expect(result.stderr).toBe("");
  expect(result.status).toBe(0);
  expect(readPngText(new Uint8Array(readFileSync(out))).get("parameters")).toContain("Model: tiny-xl");
});

test("bad arguments and bad models end with a sentence and a non-zero exit", () => {
  const out = join(folder, "never.png");
  const missing = run("--out", out);
  expect(missing.status).toBe(2);
  expect(missing.stderr).toContain("--prompt: expected a text");

  const size = run("--prompt", "x", "--width", "100", "--height", "128", "--out", out);
  expect(size.status).toBe(1);
  expect(size.stderr).toContain("multiple of 8");

  const corrupt = join(folder, "corrupt.safetensors");
  writeFileSync(corrupt, "this is not a model");
  const model = run("--prompt", "x", ...SMALL, "--model", corrupt, "--out", out);
  expect(model.status).toBe(1);
  expect(model.stderr).toContain("corrupt.safetensors");
});

test("LoRAs change the picture by their strength and stand in its infotext", () => {
  const factors = ["down", "up"].map((part): [string, TensorToWrite] => {
    const values = Float32Array.from({ length: 2 * 192 }, (_, i) => Math.sin(i * 7 + part.length));
    const shape = part === "down" ? [2, 192] : [192, 2];
    return [
      `lora_te_text_model_encoder_layers_0_self_attn_v_proj.lora_${part}.weight`,
      { dtype: "F32", shape, bytes: new Uint8Array(values.buffer) },
    ];
  });
  const file = join(folder, "waves.safetensors");
  writeFileSync(file, writeSafetensors(new Map(factors)));
  const out = join(folder, "picture.png");
  const picture = (...args: string[]): Buffer => {
    const result = run("--prompt", "a boat", ...SMALL, "--out", out, ...args);
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    return readFileSync(out);
  };
  const pixels = picture("--lora", `${file}:1:0`);
  const changed = picture("--lora", `${file}:0.5:1`);
  expect(readPngText(new Uint8Array(changed)).get("parameters")).toMatch(
    /a boat <lora:waves:1:0\.5>\n[^]*Lora hashes: "waves: [0-9a-f]{12}"/,
  );
  const data = (png: Buffer): Buffer => png.subarray(png.indexOf("IDAT"));
  expect(data(changed).equals(data(pixels))).toBe(false);

  const wrong = run("--prompt", "x", ...SMALL, "--out", out, "--lora", join(folder, "gone.safetensors:0.5"));
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain("--lora: no such file");
});

/** The shipped model's VAE, its pictures shifted to red. */
async function reddenedVae(): Promise<Uint8Array> {
  const bytes = readFileSync(join(ROOT, "public/models/kiln-small/kiln-small.safetensors"));
  const { source, tensors } = await openSafetensors(memorySource(new Uint8Array(bytes), "kiln-small"));
  const parts = [...tensors.values()].flatMap(
    ({ key, dtype, shape, start, end }): [string, TensorToWrite][] => {
      if (!key.startsWith("first_stage_model.")) return [];
      const stored = source.readSync(start, end);
      if (!key.endsWith("decoder.conv_out.bias")) return [[key, { dtype, shape, bytes: stored }]];
      const values = new Float32Array(widenToFloat32(stored, dtype));
      values[0] += 1;
      return [[key, { dtype: "F32", shape, bytes: new Uint8Array(values.buffer) }]];
    },
  );
  return writeSafetensors(new Map(parts));
}

test("another VAE and an embedding change the picture and stand in its infotext", async () => {
  const [vae, embedding] = [join(folder, "red.safetensors"), join(folder, "stormy.safetensors")];
  const vector = Float32Array.from({ length: 192 }, (_, i) => Math.sin(i));
  writeFileSync(vae, await reddenedVae());
  writeFileSync(
    embedding,
    writeSafetensors(
      new Map([["emb_params", { dtype: "F32", shape: [1, 192], bytes: new Uint8Array(vector.buffer) }]]),
    ),
  );
  const out = join(folder, "picture.png");
  const dump = join(folder, "dump.safetensors");
  const draw = async (...args: string[]) => {
    const result = run("--prompt", "a stormy sea", ...SMALL, "--out", out, "--dump-latents", dump, ...args);
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    const { source, tensors } = await openSafetensors(
      memorySource(new Uint8Array(readFileSync(dump)), "dump"),
    );
    const { dtype, start, end, shape } = tensors.get("image")!;
    const red = widenToFloat32(source.readSync(start, end), dtype).subarray(0, shape[1] * shape[2]);
    return {
      red: red.reduce((sum, value) => sum + value, 0) / red.length,
      latents: Buffer.from(source.readSync(tensors.get("latents")!.start, tensors.get("latents")!.end)),
      infotext: readPngText(new Uint8Array(readFileSync(out))).get("parameters")!,
    };
  };
  const plain = await draw();
  const changed = await draw("--vae", vae, "--embedding", embedding);
  expect(changed.red).toBeGreaterThan(plain.red + 0.2);
  expect(changed.latents.equals(plain.latents)).toBe(false); // which no VAE has a part in
  expect(changed.infotext).toMatch(/VAE hash: [0-9a-f]+, VAE: red\.safetensors/);
  expect(changed.infotext).toMatch(/TI hashes: "stormy: [0-9a-f]+"/);
  expect(plain.infotext).not.toMatch(/TI hashes|VAE/);
});
