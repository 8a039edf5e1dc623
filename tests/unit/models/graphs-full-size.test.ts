// Published checkpoints at full size from their headers alone: every graph builds without reading a weight, and every weight
// is used once.

import { beforeAll, describe, expect, test } from "vitest";
import { buildTextEncoder } from "../../../src/models/clip-text-encoder.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import type { Dialect } from "../../../src/models/dialects.ts";
import { dialects } from "../../../src/models/dialects.ts";
import type { DetectedModel } from "../../../src/models/model-config.ts";
import { textEncoderTensors, unetTensors, vaeTensors } from "../../../src/models/required-tensors.ts";
import { buildUnet } from "../../../src/models/unet.ts";
import { buildVaeDecoder } from "../../../src/models/vae-decoder.ts";
import { buildVaeEncoder } from "../../../src/models/vae-encoder.ts";
import { elementCount } from "../../../src/onnx/graph.ts";
import type { ExternalTensor, OnnxModel } from "../../../src/onnx/onnx-model.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { headerFixture, headerOnlySource } from "../../support/header-only.ts";

const MAX_BUILD_MILLISECONDS = 2000;
const MAX_PROTO_BYTES = 2_000_000;

interface FullSizeModel {
  readonly fixture: string;
  /** Of the latents, square. */
  readonly size: number;
  readonly textEncoders: readonly (readonly string[])[];
  readonly unetInputs: readonly string[];
}

const models: readonly FullSizeModel[] = [
  {
    fixture: "stable-diffusion-1-5",
    size: 64,
    textEncoders: [["input_ids int32 1x77", "hidden float32 1x77x768"]],
    unetInputs: ["context float32 2x77x768"],
  },
  {
    fixture: "stable-diffusion-2-1",
    size: 96,
    textEncoders: [["input_ids int32 1x77", "hidden float32 1x77x1024"]],
    unetInputs: ["context float32 2x77x1024"],
  },
  {
    fixture: "stable-diffusion-xl-base",
    size: 128,
    textEncoders: [
      ["input_ids int32 1x77", "hidden float32 1x77x768"],
      ["input_ids int32 1x77", "hidden float32 1x77x1280", "pooled float32 1x1280"],
    ],
    unetInputs: ["context float32 2x77x2048", "y float32 2x2816"],
  },
  {
    fixture: "stable-diffusion-xl-refiner",
    size: 128,
    textEncoders: [["input_ids int32 1x77", "hidden float32 1x77x1280", "pooled float32 1x1280"]],
    unetInputs: ["context float32 2x77x1280", "y float32 2x2560"],
  },
];

function buildAll(model: DetectedModel, dialect: Dialect, size: number): OnnxModel[] {
  const { checkpoint, textEncoders, unet, vae } = model;
  const latents = { batch: 2, latentHeight: size, latentWidth: size };
  return [
    ...textEncoders.map((encoder) => buildTextEncoder(checkpoint, encoder, { dialect, clipSkip: 1 })),
    buildUnet(checkpoint, unet, { dialect, ...latents, tokens: 77 }),
    buildVaeDecoder(checkpoint, vae, { dialect, ...latents, batch: 1 }),
    buildVaeEncoder(checkpoint, vae, { dialect, height: 8 * size, width: 8 * size }),
  ];
}

const cases = models.flatMap((model) =>
  Object.values(dialects).map((dialect) => [model.fixture, dialect.id, model, dialect] as const),
);

describe.each(cases)("%s in dialect %s", (_, __, { fixture, size, textEncoders, unetInputs }, dialect) => {
  let model: DetectedModel;
  let graphs: OnnxModel[];

  beforeAll(async () => {
    model = detectModel(await openSafetensors(headerOnlySource(headerFixture(fixture))));
    graphs = buildAll(model, dialect, size);
  });

  test("inputs and outputs are float32 of the expected shapes", () => {
    const interfaces = graphs.map(({ inputs, outputs }) =>
      [...inputs, ...outputs].map(({ name, dtype, shape }) => `${name} ${dtype} ${shape.join("x")}`),
    );
    const [latents, pixels] = [`x4x${size}x${size}`, `x3x${8 * size}x${8 * size}`];
    expect(interfaces).toEqual([
      ...textEncoders,
      [`latents float32 2${latents}`, "timestep float32 1", ...unetInputs, `output float32 2${latents}`],
      [`latents float32 1${latents}`, `pixels float32 1${pixels}`],
      [`pixels float32 1${pixels}`, `moments float32 1x8x${size}x${size}`],
    ]);
  });

  test("every tensor that detection asks for is used, whole and once", () => {
    const asked = [
      ...model.textEncoders.flatMap(textEncoderTensors),
      ...unetTensors(model.unet),
      ...vaeTensors(model.vae),
    ];
    const used = new Map<string, number>();
    for (const { location, shape } of graphs.flatMap(
      ({ externals }) => externals as readonly ExternalTensor[],
    )) {
      // Parts of a tensor have a row range behind the key; what is derived from a whole tensor has "#" and a name.
      const [key, derivation] = location.replace(/\[\d+:\d+\]$/, "").split("#");
      const stored = model.checkpoint.tensors.get(key)?.shape ?? [];
      used.set(key, (used.get(key) ?? 0) + elementCount(derivation ? stored : shape));
    }
    expect(Object.fromEntries(used)).toEqual(
      Object.fromEntries(asked.map(({ key, shape }) => [key, elementCount(shape)])),
    );
  });

  test("locations are unique within each graph", () => {
    for (const { externals } of graphs) {
      expect(new Set(externals.map(({ location }) => location)).size).toBe(externals.length);
    }
  });

  test("the models without their weights are small", () => {
    for (const { name, proto } of graphs) expect(proto.length, name).toBeLessThan(MAX_PROTO_BYTES);
  });

  test("building takes well under a session's creation time", () => {
    const start = performance.now();
    buildAll(model, dialect, size);
    expect(performance.now() - start).toBeLessThan(MAX_BUILD_MILLISECONDS);
  });
});
