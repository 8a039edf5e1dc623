// Which networks of which models are measured, at which shapes: each a graph of our own and inputs for it. Measures nothing.

import { buildTextEncoder } from "../../models/clip-text-encoder.ts";
import { detectModel } from "../../models/detect-model.ts";
import type { Dialect } from "../../models/dialects.ts";
import {
  SYNTHETIC_UPSCALER,
  syntheticFamily,
  syntheticModel,
  type SyntheticSize,
} from "../../models/synthetic/synthetic-models.ts";
import { buildUnet } from "../../models/unet.ts";
import { buildUpscaler } from "../../models/upscalers/build-upscaler.ts";
import { detectUpscaler } from "../../models/upscalers/detect-upscaler.ts";
import { buildVaeDecoder } from "../../models/vae-decoder.ts";
import { buildVaeEncoder } from "../../models/vae-encoder.ts";
import type { UnetConfig } from "../../models/model-config.ts";
import type { OnnxModel, OnnxValueInfo } from "../../onnx/onnx-model.ts";
import type { SessionInput } from "../../ort/ort-session.ts";
import type { BenchmarkModel } from "../../protocol/benchmark-api.ts";
import { torchCpuGenerator } from "../../sampling/torch-cpu.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import type { ByteSource } from "../../weights/byte-source.ts";
import { openSafetensors } from "../../weights/safetensors.ts";

export interface MeasuredComponent {
  readonly model: BenchmarkModel;
  readonly component: string;
  /** In words, for the report. */
  readonly shape: string;
  build(dialect: Dialect): OnnxModel;
}

/** Of the pictures that a model is measured with. */
const PIXELS: Readonly<Record<SyntheticSize, Readonly<Record<BenchmarkModel, number>>>> = {
  full: { "sd-1.5": 512, "sd-2.1-base": 512, sdxl: 1024, [SYNTHETIC_UPSCALER]: 256 },
  small: { "sd-1.5": 128, "sd-2.1-base": 128, sdxl: 128, [SYNTHETIC_UPSCALER]: 16 },
};

/** With and without the prompt. */
const GUIDED_BATCH = 2;
const TOKENS = 77;

export const picturePixels = (model: BenchmarkModel, size: SyntheticSize): number => PIXELS[size][model];

/** A model's UNet as a guided step runs it. */
export interface MeasuredUnet {
  readonly model: BenchmarkModel;
  readonly checkpoint: Checkpoint;
  readonly config: UnetConfig;
  readonly shape: {
    readonly batch: number;
    readonly tokens: number;
    readonly latentHeight: number;
    readonly latentWidth: number;
  };
}

/** Of those models that have one. */
export async function measuredUnets(
  models: readonly BenchmarkModel[],
  size: SyntheticSize,
  sourceOf: (model: BenchmarkModel) => ByteSource,
): Promise<readonly MeasuredUnet[]> {
  const checkpoints = models.filter((model) => model !== SYNTHETIC_UPSCALER);
  return Promise.all(
    checkpoints.map(async (model) => {
      const found = detectModel(await openSafetensors(sourceOf(model)), syntheticFamily(model).id);
      const latents = picturePixels(model, size) / found.vae.downscale;
      const shape = { batch: GUIDED_BATCH, tokens: TOKENS, latentHeight: latents, latentWidth: latents };
      return { model, checkpoint: found.checkpoint, config: found.unet, shape };
    }),
  );
}

/** @param source the file of the random weights, where they were written to one. */
export async function measuredComponents(
  model: BenchmarkModel,
  size: SyntheticSize,
  source: ByteSource = syntheticModel(model, size),
): Promise<readonly MeasuredComponent[]> {
  const checkpoint = await openSafetensors(source);
  const pixels = picturePixels(model, size);
  if (model === SYNTHETIC_UPSCALER) {
    const { config, checkpoint: weights } = detectUpscaler(checkpoint);
    return [
      {
        model,
        component: "upscaler",
        shape: `${pixels}x${pixels} tile`,
        build: (dialect) => buildUpscaler(weights, config, { dialect, height: pixels, width: pixels }),
      },
    ];
  }
  const { unet, vae, textEncoders, checkpoint: weights } = detectModel(checkpoint, syntheticFamily(model).id);
  const latents = pixels / vae.downscale;
  const shape = { latentHeight: latents, latentWidth: latents };
  return [
    ...textEncoders.map((config, index): MeasuredComponent => ({
      model,
      component: textEncoders.length > 1 ? `text encoder ${index + 1}` : "text encoder",
      shape: `${TOKENS} tokens`,
      build: (dialect) => buildTextEncoder(weights, config, { dialect, clipSkip: 1 }),
    })),
    {
      model,
      component: "unet",
      shape: `batch ${GUIDED_BATCH}, ${latents}x${latents} latents`,
      build: (dialect) =>
        buildUnet(weights, unet, { dialect, batch: GUIDED_BATCH, tokens: TOKENS, ...shape }),
    },
    {
      model,
      component: "vae encoder",
      shape: `${pixels}x${pixels}`,
      build: (dialect) => buildVaeEncoder(weights, vae, { dialect, height: pixels, width: pixels }),
    },
    {
      model,
      component: "vae decoder",
      shape: `${pixels}x${pixels}`,
      build: (dialect) => buildVaeDecoder(weights, vae, { dialect, batch: 1, ...shape }),
    },
  ];
}

const INPUT_SEED = 42;
const TIMESTEP = 500;
const START_TOKEN = 49406;
const END_TOKEN = 49407;
const WORDS = 8;

/** The same inputs in every run and for every implementation that reads them from here. */
export function benchmarkInputs(inputs: readonly OnnxValueInfo[]): Record<string, SessionInput> {
  return Object.fromEntries(inputs.map((input) => [input.name, benchmarkInput(input)]));
}

function benchmarkInput({ name, dtype, shape }: OnnxValueInfo): SessionInput {
  const length = shape.reduce((product, size) => product * size, 1);
  if (name === "timestep") return Float32Array.of(TIMESTEP);
  if (dtype === "int32") return promptTokens(length);
  const values = torchCpuGenerator(INPUT_SEED).normal(length);
  return name === "pixels" ? values.map((value) => Math.min(1, Math.max(0, 0.5 + 0.2 * value))) : values;
}

/** A short prompt between its marks, filled up with the end token. */
function promptTokens(length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) =>
    i === 0 ? START_TOKEN : i <= WORDS ? 320 + 37 * i : END_TOKEN,
  );
}
