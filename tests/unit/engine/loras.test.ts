// Whole text-to-image jobs with LoRAs on the WASM kernels: against PEFT, diffusers and LyCORIS (tools/fixtures/lora_runs.py), and what a
// changed strength costs.

import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import type { KilnEngine } from "../../../src/engine/engine.ts";
import type { OpenedModel } from "../../../src/library/open-model.ts";
import type { EngineEvent } from "../../../src/protocol/engine-api.ts";
import type {
  GenerationRequest,
  GenerationSummary,
  LoraUse,
} from "../../../src/protocol/generation-request.ts";
import type { ModelRecord } from "../../../src/protocol/library-api.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { writeSafetensors } from "../../../src/weights/write-safetensors.ts";
import { GoldenTensors } from "../../support/fixture-model.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { openTinyModel } from "../../support/node-fixtures.ts";
import { loadNodeOrt } from "../../support/node-runtime.ts";
import { relativeDifference } from "../../support/relative-difference.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const TOLERANCE = 1e-3;
const STEPS = 7;
const FIXTURES = new URL("../../fixtures/adapters/", import.meta.url);
const bytesOf = (name: string): Uint8Array => readFileSync(new URL(name, FIXTURES));

const FILES = [
  ...["kohya", "kohya-original", "tucker", "loha", "lokr", "lokr-both", "full"],
  ...["dora-outputs", "dora-inputs", "peft", "peft-rslora"],
].map((name) => `${name}.safetensors`);

const foreign = writeSafetensors(
  new Map(
    ["down", "up"].map((part) => [
      `lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_${part}.weight`,
      {
        dtype: "F32",
        shape: part === "down" ? [1, 2048] : [32, 1],
        bytes: new Uint8Array(part === "down" ? 8192 : 128),
      },
    ]),
  ),
);

const library = new Map<string, { record: ModelRecord; bytes: Uint8Array }>();
for (const fileName of [...FILES, "Foreign v1.0.safetensors"]) {
  const bytes = fileName.startsWith("Foreign") ? foreign : bytesOf(fileName);
  const stem = fileName.replace(".safetensors", "");
  const record: ModelRecord = {
    id: `id of ${stem}`,
    name: `The ${stem}`,
    type: "lora",
    family: fileName.startsWith("Foreign") ? "sdxl" : "",
    bytes: bytes.length,
    sha256: "ab".repeat(32),
    origin: "imported",
    fileName,
    dtype: "F32",
    needs: { memoryBytes: bytes.length, features: [] },
    license: "MIT",
    addedAt: 0,
  };
  library.set(record.id, { record, bytes });
}

async function openModel(id: string): Promise<OpenedModel> {
  const entry = library.get(id);
  return entry
    ? { source: memorySource(entry.bytes, entry.record.fileName), record: entry.record }
    : openTinyModel(id);
}

let engine: KilnEngine;
let events: EngineEvent[];
let sessions: string[];
let jobs = 0;

beforeEach(async () => {
  sessions = [];
  ({ engine, events } = await startNodeEngine({
    openModel,
    listModels: () => Promise.resolve([...library.values()].map(({ record }) => record)),
    loadOrt: async () => {
      const build = await loadNodeOrt();
      const { InferenceSession } = build.ort;
      const counted = {
        create: (...args: Parameters<typeof InferenceSession.create>) => {
          sessions.push("session");
          return InferenceSession.create(...args);
        },
      };
      return { ...build, ort: { ...build.ort, InferenceSession: counted as typeof InferenceSession } };
    },
  }));
});

const use = (name: string, unetWeight: number, textWeight = 0): LoraUse => ({
  modelId: `id of ${name}`,
  unetWeight,
  textWeight,
});

const run = (changes: Partial<GenerationRequest>): Promise<GenerationSummary> =>
  engine.generate(
    `job ${++jobs}`,
    tinyRequest({ sampler: "Euler", schedule: "Uniform", steps: STEPS, dumpTensors: true, ...changes }),
  );

const latents = async (changes: Partial<GenerationRequest>): Promise<Float32Array> =>
  (await run(changes)).tensors!.latents.data;

const SEVEN = [
  ...[use("dora-outputs", 0.7), use("kohya", 0.5, 0.6), use("kohya-original", -0.3), use("tucker", 0.4)],
  ...[use("loha", 0.3), use("lokr", 0.4), use("full", -0.5)],
];
/** As lora_runs.py has them. */
const RUNS: Readonly<Record<string, readonly LoraUse[]>> = {
  diffusers: [use("kohya", 0.5, 0.7), use("peft", -0.4, 0.9), use("peft-rslora", 0.2, -0.3)],
  seven: SEVEN,
  nine: [...SEVEN, use("peft", 0.6, -0.4), use("peft-rslora", -0.2, 0.3)],
  "nine low-rank": [
    ...[use("kohya", 0.5, 0.6), use("kohya-original", -0.3), use("tucker", 0.4), use("loha", 0.3)],
    ...[use("kohya", 0.3, -0.2), use("lokr", 0.4), use("lokr-both", 0.8), use("peft", -0.4, 0.9)],
    use("peft-rslora", 0.2, -0.3),
  ],
};

describe("agrees in conditioning and latents", () => {
  test.each(Object.entries(RUNS))("with the run of %s", async (name, loras) => {
    const golden = await GoldenTensors.of(bytesOf("txt2img.safetensors"));
    const { tensors = {} } = await run({ loras });
    for (const part of ["conditioning", "unconditional", "latents"]) {
      const expected = golden.float32(`${name}.${part}`);
      expect(relativeDifference(tensors[part].data, expected), part).toBeLessThan(TOLERANCE);
    }
  });
});

describe("a loaded model", () => {
  test("takes other LoRAs and strengths without a new session, and gives its own latents back without them", async () => {
    const base = await latents({});
    const before = sessions.length;
    const first = await latents({ loras: [use("kohya", 1, 1)] });
    const weaker = await latents({ loras: [use("kohya", 0.3, 0.2)] });
    const nine = await latents({ loras: RUNS["nine low-rank"] });
    for (const changed of [first, weaker, nine])
      expect(relativeDifference(changed, base)).toBeGreaterThan(0.01);
    expect(relativeDifference(first, weaker)).toBeGreaterThan(0.01);
    expect(await latents({ loras: [use("kohya", 0, 0)] })).toEqual(base);
    expect(await latents({})).toEqual(base);
    expect(sessions).toHaveLength(before);
  });

  test("makes a session of its own for LoRAs that must be merged, and keeps the other", async () => {
    const base = await latents({});
    const before = sessions.length;
    await latents({ loras: [use("dora-outputs", 1), use("kohya", 1)] });
    expect(sessions).toHaveLength(before + 2); // the UNet's two; neither file's text encoder part is merged
    await latents({ loras: [use("dora-outputs", 1), use("loha", 0.5)] });
    expect(sessions).toHaveLength(before + 4); // weights that DoRA changes get all other changes merged too
    expect(await latents({})).toEqual(base);
    expect(sessions).toHaveLength(before + 4);
  });
});

describe("tags of the prompt", () => {
  test("do what the request's list does, and leave the text alone", async () => {
    const { prompt } = tinyRequest();
    const listed = await run({ loras: [use("kohya", -0.5, 0.8), use("peft", 0.5, 0.5)] });
    const tagged = await run({ prompt: `<lora:Kohya:0.8:-0.5>${prompt}<lyco:The peft:0.5>` });
    expect(tagged.tensors!.latents.data).toEqual(listed.tensors!.latents.data);
    expect((await engine.countTokens("tiny", `${prompt} <lora:kohya:0.8>`)).tokens).toBe(
      (await engine.countTokens("tiny", prompt)).tokens,
    );
  });

  test("stand in the infotext as typed, with the LoRAs' hashes", async () => {
    await run({ prompt: "a <lora:kohya:0.5>", loras: [use("peft", 1, 0.5)] });
    const [infotext] = events.flatMap((event) => (event.type === "picture" ? [event.picture.infotext] : []));
    expect(infotext).toContain("a <lora:kohya:0.5> <lora:peft:0.5:1>\n");
    expect(infotext).toMatch(/, Lora hashes: "peft: [0-9a-f]{12}, kohya: [0-9a-f]{12}", Version: /);
  });
});

test("a LoRA that is not there is an error that lists what is", async () => {
  await expect(run({ prompt: "a <lora:nothing:1>" })).rejects.toMatchObject({
    name: "InvalidRequest",
    message: expect.stringContaining('no LoRA "nothing"') as string,
    details: {
      where: "prompt",
      expected: expect.stringContaining("dora-inputs, dora-outputs, full, kohya") as string,
    },
  });
  await expect(run({ loras: [{ ...use("kohya", 1), modelId: "gone" }] })).rejects.toMatchObject({
    name: "InvalidRequest",
    details: { where: "loras", got: "gone" },
  });
  await expect(run({ prompt: "<lora:kohya:11>" })).rejects.toMatchObject({ name: "InvalidRequest" });
});

test("a LoRA for another family is an error that names both", async () => {
  await expect(run({ loras: [use("Foreign v1.0", 1)] })).rejects.toMatchObject({
    name: "UnsupportedModel",
    message: expect.stringMatching(
      /Foreign v1\.0\.safetensors is a LoRA for Stable Diffusion XL.*Tiny/,
    ) as string,
  });
});

test("tensors of a LoRA that fit nothing are counted in the summary", async () => {
  const entry = library.get("id of kohya")!;
  const extra = "lora_unet_nowhere.lora_down.weight";
  const { openSafetensors } = await import("../../../src/weights/safetensors.ts");
  const { tensors, source } = await openSafetensors(memorySource(entry.bytes, "kohya"));
  const bytes = writeSafetensors(
    new Map([
      ...[...tensors].map(
        ([key, { dtype, shape, start, end }]) =>
          [key, { dtype, shape, bytes: source.readSync(start, end) }] as const,
      ),
      [extra, { dtype: "F32", shape: [1, 1], bytes: new Uint8Array(4) }] as const,
    ]),
  );
  library.set("id of extra", {
    record: { ...entry.record, id: "id of extra", fileName: "extra.safetensors" },
    bytes,
  });
  try {
    const { warnings } = await run({ loras: [use("extra", 1)] });
    expect(warnings).toEqual([expect.stringContaining('1 tensor of the LoRA "extra"')]);
    expect(warnings[0]).toContain(extra);
    expect((await run({ loras: [use("kohya", 1)] })).warnings).toEqual([]);
  } finally {
    library.delete("id of extra");
  }
});
