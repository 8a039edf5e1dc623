// Thousands of well-formed files with wrong contents, seeded: LoRA, embeddings, upscalers and VAEs whose names, shapes and
// dtypes were changed. Each is detected and read to a valid result or a named error, and reads no more than the file holds.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { embeddingShapes, readEmbedding } from "../../../../src/models/adapters/embedding.ts";
import { readDeltaSync, readLora } from "../../../../src/models/adapters/lora.ts";
import { detectModel } from "../../../../src/models/detect-model.ts";
import { dialects } from "../../../../src/models/dialects.ts";
import { stableDiffusion1 } from "../../../../src/models/families/stable-diffusion-1.ts";
import { detectFile } from "../../../../src/models/kinds/detect-file.ts";
import { buildUpscaler } from "../../../../src/models/upscalers/build-upscaler.ts";
import { detectUpscaler } from "../../../../src/models/upscalers/detect-upscaler.ts";
import { detectVaeFile } from "../../../../src/models/vae-file.ts";
import { isAppError } from "../../../../src/protocol/app-error.ts";
import type { Checkpoint } from "../../../../src/weights/checkpoint.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../../src/weights/safetensors.ts";
import type { DType } from "../../../../src/weights/tensor-info.ts";
import { SMALL_CONSTANT_BYTES, watchAllocations } from "../../../support/allocated-bytes.ts";
import { headerOnlyCheckpoint, type HeaderDescription } from "../../../support/header-only.ts";
import { seededRandom } from "../../../support/seeded-random.ts";

const RUNS_PER_FILE = 300;
// One alone takes a millisecond; the machine may be busy.
const MAX_MILLISECONDS = 2000;
// Files of these contents are small; larger ones are only claimed, and refused before they are read.
const MAX_FILE_BYTES = 64 * 2 ** 20;
// What recognising any file may read.
const MAX_DETECTION_BYTES = 2_000_000;
// Bytes read are held as they are and as float32, four times an F8's.
const WIDENING = 5;

const FIXTURES = new URL("../../../fixtures/", import.meta.url);
const open = (path: string): Promise<Checkpoint> =>
  openSafetensors(memorySource(new Uint8Array(readFileSync(new URL(path, FIXTURES))), path));
const model = detectModel(await open("models/tiny.safetensors"));

type Use = (file: Checkpoint) => unknown;

const useLora: Use = (file) => {
  for (const patches of readLora(file, model).patches.values()) patches.forEach(readDeltaSync);
};
const useEmbedding: Use = async (file) => {
  embeddingShapes(file);
  await readEmbedding(file, model);
};
const useUpscaler: Use = (file) => {
  const { checkpoint, config } = detectUpscaler(file);
  buildUpscaler(checkpoint, config, { dialect: dialects["wasm-float32"], width: 16, height: 16 });
};
const useVae: Use = (file) => detectVaeFile(file, stableDiffusion1);

async function describe(path: string): Promise<HeaderDescription> {
  return new Map([...(await open(path)).tensors].map(([key, { dtype, shape }]) => [key, [dtype, shape]]));
}

const vae: HeaderDescription = new Map(
  [...(await describe("models/tiny.safetensors"))].filter(([key]) => key.startsWith("first_stage_model.")),
);
const embedding: HeaderDescription = new Map([["emb_params", ["F32", [3, 128]]]]);
const adapters = ["kohya", "kohya-original", "peft", "peft-dora", "loha", "lokr", "lokr-tucker", "full"];
const upscalers = ["esrgan-x2", "real-esrgan-x2", "compact-x2"];
const samples: readonly (readonly [string, HeaderDescription, Use])[] = [
  ...(await Promise.all(
    adapters.map(async (name) => [name, await describe(`adapters/${name}.safetensors`), useLora] as const),
  )),
  ...(await Promise.all(
    upscalers.map(
      async (name) => [name, await describe(`upscalers/${name}.safetensors`), useUpscaler] as const,
    ),
  )),
  ["an embedding", embedding, useEmbedding],
  ["a VAE", vae, useVae],
];

const EXTENTS = [0, 1, 2, 3, 4, 5, 7, 64, 75, 76, 1000, 2 ** 20, 2 ** 31, 2 ** 40];
const DTYPES: readonly DType[] = ["F64", "F32", "F16", "BF16", "F8_E4M3", "I64", "U8", "BOOL"];
const NAME_PARTS = ["0", "7", "1000", "99999999999", "weight", "alpha", "", "__proto__", "lora_up", "conv"];

/** Changes one entry: [key, dtype, shape] or nothing at all. */
function mutate(tensors: HeaderDescription, random: (below: number) => number): HeaderDescription {
  const entries = [...tensors];
  const at = random(entries.length);
  const [key, [dtype, shape]] = entries[at];
  const parts = key.split(/(?<=[._])/);
  const changes: readonly (() => void)[] = [
    () => entries.splice(at, 1),
    () => (entries[at] = [key, [DTYPES[random(DTYPES.length)], shape]]),
    () => (entries[at] = [key, [dtype, shape.map((n) => (random(2) ? n : EXTENTS[random(EXTENTS.length)]))]]),
    () => (entries[at] = [key, [dtype, shape.toReversed()]]),
    () => (entries[at] = [key, [dtype, [...shape, EXTENTS[random(4)]]]]),
    () => (entries[at] = [key, [dtype, shape.slice(1)]]),
    () =>
      (entries[at] = [
        parts.with(random(parts.length), `${NAME_PARTS[random(NAME_PARTS.length)]}.`).join(""),
        [dtype, shape],
      ]),
    () => entries.push([`${key}.${NAME_PARTS[random(NAME_PARTS.length)]}`, [dtype, shape]]),
  ];
  changes[random(changes.length)]();
  return new Map(entries);
}

/** Zeros in place of weights, counted; a range outside the file fails the test. */
function counted(file: Checkpoint): { readonly file: Checkpoint; readonly bytesRead: () => number } {
  let total = 0;
  const readSync = (start: number, end: number): Uint8Array<ArrayBuffer> => {
    if (!(start >= 0 && start <= end && end <= file.source.byteLength)) throw new Error(`${start} to ${end}`);
    total += end - start;
    return new Uint8Array(end - start);
  };
  const read = (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
    Promise.resolve(readSync(start, end));
  return { file: { ...file, source: { ...file.source, read, readSync } }, bytesRead: () => total };
}

test.each(samples.map(([name, tensors, use], seed) => [name, tensors, use, seed + 1] as const))(
  `${RUNS_PER_FILE} files like %s end in a valid result or a named error`,
  async (_, original, use, seed) => {
    const random = seededRandom(seed);
    let refused = 0;
    for (let run = 0; run < RUNS_PER_FILE; run++) {
      let tensors = original;
      for (let rounds = 1 + random(2); rounds > 0 && tensors.size > 0; rounds--) {
        tensors = mutate(tensors, random);
      }
      const { file, bytesRead } = counted(headerOnlyCheckpoint(tensors, "fuzz.safetensors"));
      const claimed = file.source.byteLength;
      const started = performance.now();
      for (const [task, maxBytes] of [
        [detectFile, MAX_DETECTION_BYTES],
        // Tensors used by several weights are read for each.
        [use, 2 * claimed],
      ] as const) {
        if (task === use && claimed > MAX_FILE_BYTES) continue; // nothing here has the bytes to be read
        const allocated = watchAllocations();
        const before = bytesRead();
        try {
          await task(file);
        } catch (error) {
          refused++;
          if (!isAppError(error))
            throw new Error(`run ${run}: ${JSON.stringify([...tensors])}`, { cause: error });
        }
        expect(bytesRead() - before).toBeLessThanOrEqual(Math.min(maxBytes, 2 * claimed));
        expect(allocated()).toBeLessThan(SMALL_CONSTANT_BYTES + WIDENING * (bytesRead() - before));
      }
      expect(performance.now() - started).toBeLessThan(MAX_MILLISECONDS);
    }
    // Neither did nothing happen, nor was everything refused.
    expect(refused).toBeGreaterThan(RUNS_PER_FILE / 20);
    expect(refused).toBeLessThan(2 * RUNS_PER_FILE);
  },
);
