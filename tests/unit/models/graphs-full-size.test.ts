// SD 1.5 at full size from its header alone: every graph builds without reading a weight, and every weight is used once.

import { beforeAll, describe, expect, test } from "vitest";
import { buildTextEncoder } from "../../../src/models/clip-text-encoder.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import type { Dialect } from "../../../src/models/dialects.ts";
import { dialects } from "../../../src/models/dialects.ts";
import type { DetectedModel } from "../../../src/models/model-config.ts";
import { buildUnet } from "../../../src/models/unet.ts";
import { buildVaeDecoder } from "../../../src/models/vae-decoder.ts";
import { buildVaeEncoder } from "../../../src/models/vae-encoder.ts";
import { elementCount } from "../../../src/onnx/graph.ts";
import type { OnnxModel } from "../../../src/onnx/onnx-model.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { headerFixture, headerOnlySource } from "../../support/header-only.ts";

const MAX_BUILD_MILLISECONDS = 2000;
const MAX_PROTO_BYTES = 2_000_000;

function buildAll({ checkpoint, textEncoders, unet, vae }: DetectedModel, dialect: Dialect): OnnxModel[] {
  const latents = { batch: 2, latentHeight: 64, latentWidth: 64 };
  return [
    buildTextEncoder(checkpoint, textEncoders[0], { dialect, clipSkip: 1 }),
    buildUnet(checkpoint, unet, { dialect, ...latents, tokens: 77 }),
    buildVaeDecoder(checkpoint, vae, { dialect, ...latents, batch: 1 }),
    buildVaeEncoder(checkpoint, vae, { dialect, height: 512, width: 512 }),
  ];
}

describe.each(Object.values(dialects))("SD 1.5 in dialect $id", (dialect) => {
  let model: DetectedModel;
  let graphs: OnnxModel[];

  beforeAll(async () => {
    model = detectModel(await openSafetensors(headerOnlySource(headerFixture("stable-diffusion-1-5"))));
    graphs = buildAll(model, dialect);
  });

  test("inputs and outputs are float32 of the expected shapes", () => {
    const interfaces = graphs.map(({ inputs, outputs }) =>
      [...inputs, ...outputs].map(({ name, dtype, shape }) => `${name} ${dtype} ${shape.join("x")}`),
    );
    expect(interfaces).toEqual([
      ["input_ids int32 1x77", "hidden float32 1x77x768"],
      [
        "latents float32 2x4x64x64",
        "timestep float32 1",
        "context float32 2x77x768",
        "output float32 2x4x64x64",
      ],
      ["latents float32 1x4x64x64", "pixels float32 1x3x512x512"],
      ["pixels float32 1x3x512x512", "moments float32 1x8x64x64"],
    ]);
  });

  test("every tensor of the networks is used, whole and once", () => {
    const prefixes = [model.textEncoders[0].prefix, model.unet.prefix, model.vae.prefix];
    const networkTensors = [...model.checkpoint.tensors.values()].filter(
      ({ key, dtype }) => dtype !== "I64" && prefixes.some((prefix) => key.startsWith(prefix)),
    );
    const used = new Map<string, number>();
    for (const { location, shape } of graphs.flatMap(({ externals }) => externals)) {
      // Halves of a tensor have a row range behind the key; what is derived from a whole tensor has "#" and a name.
      const [key, derivation] = location.replace(/\[\d+:\d+\]$/, "").split("#");
      const stored = model.checkpoint.tensors.get(key)?.shape ?? [];
      used.set(key, (used.get(key) ?? 0) + elementCount(derivation ? stored : shape));
    }
    expect(Object.fromEntries(used)).toEqual(
      Object.fromEntries(networkTensors.map(({ key, shape }) => [key, elementCount(shape)])),
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
    buildAll(model, dialect);
    expect(performance.now() - start).toBeLessThan(MAX_BUILD_MILLISECONDS);
  });
});
