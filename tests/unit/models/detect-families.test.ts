// Which row of the family table a checkpoint gets, what is read of it, and what refuses a damaged one. From headers alone.

import { describe, expect, test } from "vitest";
import { detectModel } from "../../../src/models/detect-model.ts";
import { families } from "../../../src/models/families.ts";
import type { DetectedModel } from "../../../src/models/model-config.ts";
import { textEncoderTensors, unetTensors, vaeTensors } from "../../../src/models/required-tensors.ts";
import type { TensorNeed } from "../../../src/models/tensor-checks.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { countingSource } from "../../support/counting-source.ts";
import {
  headerFixture,
  headerOnlyCheckpoint,
  headerOnlySource,
  type HeaderDescription,
} from "../../support/header-only.ts";

const UNET = "model.diffusion_model.";

const published = {
  sd15: headerFixture("stable-diffusion-1-5"),
  sd21: headerFixture("stable-diffusion-2-1"),
  sdxl: headerFixture("stable-diffusion-xl-base"),
  refiner: headerFixture("stable-diffusion-xl-refiner"),
};

interface FileOptions {
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Shapes to set; undefined removes the tensor. */
  readonly changes?: Readonly<Record<string, readonly number[] | undefined>>;
  readonly familyId?: string;
}

function altered(
  tensors: HeaderDescription,
  changes: NonNullable<FileOptions["changes"]> = {},
): HeaderDescription {
  const result: HeaderDescription = new Map(tensors);
  for (const [key, shape] of Object.entries(changes)) {
    if (shape) result.set(key, ["F16", shape]);
    else result.delete(key);
  }
  return result;
}

function detect(tensors: HeaderDescription, options: FileOptions = {}): DetectedModel {
  const { name = "model.safetensors", metadata = {}, changes, familyId } = options;
  const checkpoint = headerOnlyCheckpoint(altered(tensors, changes), name);
  return detectModel({ ...checkpoint, metadata: new Map(Object.entries(metadata)) }, familyId);
}

const familyOf = (...args: Parameters<typeof detect>): string => detect(...args).family.id;

function refusal(...args: Parameters<typeof detect>): unknown {
  try {
    detect(...args);
  } catch (error) {
    return error;
  }
  return undefined;
}

const elements = (needs: readonly TensorNeed[]): number =>
  needs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);

function required({ textEncoders, unet, vae }: DetectedModel): readonly TensorNeed[] {
  return [...textEncoders.flatMap(textEncoderTensors), ...unetTensors(unet), ...vaeTensors(vae)];
}

describe("the family table", () => {
  test("has unique ids, and a first row without a name pattern for every architecture", () => {
    expect(new Set(families.map(({ id }) => id)).size).toBe(families.length);
    const firstRows = new Map<string, string | undefined>();
    for (const { matches, textEncoders, named } of families) {
      const architecture = JSON.stringify([matches, textEncoders]);
      if (!firstRows.has(architecture)) firstRows.set(architecture, named?.source);
    }
    expect(firstRows.size).toBeGreaterThan(8);
    for (const [architecture, pattern] of firstRows) {
      expect(pattern, architecture).toBeUndefined();
    }
  });

  test("gives every row a preview factor per latent channel and a size of whole latents", () => {
    for (const { id, latents, latentRgbFactors, defaults } of families) {
      expect(latentRgbFactors.factors.length, id).toBe(latents.channels);
      expect([defaults.width % 64, defaults.height % 64], id).toEqual([0, 0]);
    }
  });
});

describe("full-size checkpoints are described by their published dimensions", () => {
  test("SD 2.1", () => {
    const { family, textEncoders, unet, vae, sizeConditioning } = detect(published.sd21);
    expect(family).toMatchObject({ id: "sd2-v", prediction: "v" });
    expect(textEncoders).toEqual([
      {
        layout: "open-clip",
        prefix: "cond_stage_model.model.",
        width: 1024,
        layers: 24,
        leftOutLayers: 1,
        finalNorm: true,
        heads: 16,
        mlpWidth: 4096,
        activation: "gelu",
        vocabulary: 49408,
        maxTokens: 77,
        padding: "zero",
      },
    ]);
    expect(unet).toMatchObject({ inChannels: 4, contextWidth: 1024, linearProjection: true });
    expect(unet.classEmbeddingWidth).toBeUndefined();
    expect(headsByWidth(unet)).toEqual({ 320: 5, 640: 10, 1280: 20 });
    expect(elements(unetTensors(unet))).toBe(865_910_724);
    expect(vae).toMatchObject({ scale: 0.18215, latentChannels: 4 });
    expect(sizeConditioning).toBeUndefined();
  });

  test("SDXL base", () => {
    const { family, textEncoders, unet, vae, sizeConditioning } = detect(published.sdxl);
    expect(family).toMatchObject({ id: "sdxl", prediction: "epsilon" });
    expect(textEncoders).toMatchObject([
      {
        layout: "clip",
        width: 768,
        layers: 12,
        leftOutLayers: 1,
        finalNorm: false,
        padding: "end",
        activation: "quick_gelu",
      },
      {
        layout: "open-clip",
        width: 1280,
        layers: 32,
        leftOutLayers: 1,
        finalNorm: false,
        padding: "zero",
        heads: 20,
        activation: "gelu",
        pooling: { key: "conditioner.embedders.1.model.text_projection", width: 1280 },
      },
    ]);
    expect(textEncoders[0].pooling).toBeUndefined();
    expect(unet).toMatchObject({ modelChannels: 320, contextWidth: 2048, classEmbeddingWidth: 2816 });
    expect(depths(unet)).toEqual([2, 2, 10, 10, 10, 10, 10, 10, 2, 2, 2]);
    expect(headsByWidth(unet)).toEqual({ 640: 10, 1280: 20 });
    expect(elements(unetTensors(unet))).toBe(2_567_463_684);
    expect(vae.scale).toBe(0.13025);
    expect(sizeConditioning).toEqual({
      fields: ["height", "width", "cropTop", "cropLeft", "targetHeight", "targetWidth"],
      width: 256,
    });
  });

  test("SDXL refiner", () => {
    const { family, textEncoders, unet, sizeConditioning } = detect(published.refiner);
    expect(family.id).toBe("sdxl-refiner");
    expect(textEncoders).toMatchObject([
      {
        layout: "open-clip",
        prefix: "conditioner.embedders.0.model.",
        width: 1280,
        pooling: { width: 1280 },
      },
    ]);
    expect(unet).toMatchObject({ modelChannels: 384, contextWidth: 1280, classEmbeddingWidth: 2560 });
    expect(depths(unet)).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
    expect(sizeConditioning).toEqual({
      fields: ["height", "width", "cropTop", "cropLeft", "aestheticScore"],
      width: 256,
    });
  });

  test.each(Object.entries(published))("%s, from the header alone", async (_, tensors) => {
    const source = countingSource(headerOnlySource(tensors));
    detectModel(await openSafetensors(source));
    expect(source.ranges.length).toBe(2); // the header's length and the header
    expect(source.bytesRead).toBeLessThan(2_000_000);
  });

  function depths({ inputBlocks, middleBlock, outputBlocks }: DetectedModel["unet"]): number[] {
    return [...inputBlocks, ...(middleBlock ? [middleBlock] : []), ...outputBlocks]
      .flatMap(({ layers }) => layers)
      .flatMap((layer) => (layer.kind === "transformer" ? [layer.depth] : []));
  }

  function headsByWidth({ inputBlocks }: DetectedModel["unet"]): Record<number, number> {
    const transformers = inputBlocks
      .flatMap(({ layers }) => layers)
      .flatMap((layer) => (layer.kind === "transformer" ? [[layer.channels, layer.heads] as const] : []));
    return Object.fromEntries(transformers);
  }
});

describe("only the tensors that are used are asked for", () => {
  const unused = (tensors: HeaderDescription): string[] => {
    const keys = new Set(required(detect(tensors)).map(({ key }) => key));
    return [...tensors.keys()].filter((key) => !keys.has(key) && !key.startsWith("model_ema."));
  };
  const buffers = ["alphas_cumprod", "alphas_cumprod_prev", "betas"];

  test("SD 2.1 leaves out its text encoder's last layer and its projection", () => {
    const rest = unused(published.sd21);
    const last = "cond_stage_model.model.transformer.resblocks.23.";
    expect(rest.filter((key) => key.startsWith(last)).length).toBe(12);
    expect(rest.filter((key) => !key.startsWith(last))).toEqual([
      ...buffers,
      "cond_stage_model.model.logit_scale",
      "cond_stage_model.model.text_projection",
      "sqrt_alphas_cumprod",
    ]);
  });

  test("SDXL leaves out the first encoder's last layer and norm, but none of the pooled encoder", () => {
    const rest = unused(published.sdxl);
    const clip = "conditioner.embedders.0.transformer.text_model.";
    const last = `${clip}encoder.layers.11.`;
    expect(rest.filter((key) => key.startsWith(last)).length).toBe(16);
    expect(rest.filter((key) => !key.startsWith(last))).toEqual([
      `${clip}embeddings.position_ids`,
      `${clip}final_layer_norm.bias`,
      `${clip}final_layer_norm.weight`,
      "conditioner.embedders.1.model.logit_scale",
      "denoiser.sigmas",
    ]);
  });

  test("files converted without the layer that SD 2.x leaves out use all that is there", () => {
    const trimmed: HeaderDescription = new Map(
      [...published.sd21].filter(([key]) => !key.includes("resblocks.23.")),
    );
    expect(detect(trimmed).textEncoders[0]).toMatchObject({ layers: 23, leftOutLayers: 0 });
  });
});

describe("files of one architecture", () => {
  const inpainting = { [`${UNET}input_blocks.0.0.weight`]: [320, 9, 3, 3] };
  const pix2pix = { [`${UNET}input_blocks.0.0.weight`]: [320, 8, 3, 3] };
  const guided = { [`${UNET}time_embed.cond_proj.weight`]: [320, 256] };

  test.each([
    ["sd1-inpainting", published.sd15, inpainting],
    ["sd1-pix2pix", published.sd15, pix2pix],
    ["sd1-lcm", published.sd15, guided],
    ["sd2-inpainting", published.sd21, inpainting],
    ["sdxl-inpainting", published.sdxl, inpainting],
    ["sdxl-pix2pix", published.sdxl, pix2pix],
    ["sdxl-lcm", published.sdxl, guided],
  ])("are %s by their UNet's inputs", (id, tensors, changes) => {
    const { family, unet } = detect(tensors, { changes });
    expect(family.id).toBe(id);
    expect(unet.inChannels).toBe(family.matches.inChannels);
    expect(unet.guidanceEmbeddingWidth).toBe(changes === guided ? 256 : undefined);
  });

  test.each([
    ["sdxl-v", published.sdxl, ["v_pred"]],
    ["sdxl-v-ztsnr", published.sdxl, ["v_pred", "ztsnr"]],
    ["sd1-v", published.sd15, ["v_pred"]],
    ["sd1-v-ztsnr", published.sd15, ["v_pred", "ztsnr"]],
    ["sd2-v-ztsnr", published.sd21, ["ztsnr"]],
  ])("are %s by marker keys", (id, tensors, markers) => {
    const changes = Object.fromEntries(markers.map((key) => [key, []]));
    const { family } = detect(tensors, { changes, name: "some-turbo-base-512.safetensors" });
    expect(family.id).toBe(id);
    expect(family).toMatchObject({
      prediction: "v",
      noiseSchedule: { zeroTerminalSnr: markers.includes("ztsnr") },
    });
  });

  test("are trained on continuous noise by marker keys", () => {
    const playground = detect(published.sdxl, { changes: { edm_mean: [4], edm_std: [4] } });
    expect(playground.family).toMatchObject({
      id: "playground-2.5",
      prediction: "edm",
      noiseSchedule: { kind: "continuous", sigmaMax: 80 },
    });
    expect(playground.vae.shift).toEqual([-1.6574, 1.886, -1.383, 2.5155]);
    const cosXl = detect(published.sdxl, { changes: { "edm_vpred.sigma_max": [] } });
    expect(cosXl.family).toMatchObject({
      id: "sdxl-v-continuous",
      prediction: "v",
      noiseSchedule: { kind: "continuous", sigmaMax: 120 },
    });
  });

  test.each([
    ["sd2-v", published.sd21, { "modelspec.architecture": "stable-diffusion-v2-768-v" }],
    ["sd2-base", published.sd21, { "modelspec.architecture": "stable-diffusion-v2-512" }],
    ["sd2-base", published.sd21, { "modelspec.prediction_type": "epsilon" }],
    ["sd2-v", published.sd21, { "modelspec.prediction_type": "v", "modelspec.title": "Turbo 512 base" }],
    ["sd1-v", published.sd15, { "modelspec.prediction_type": "v" }],
    ["sdxl-v", published.sdxl, { "modelspec.prediction_type": "v" }],
    ["sdxl", published.sdxl, { "modelspec.prediction_type": "epsilon" }],
    ["sdxl", published.sdxl, { "modelspec.prediction_type": "something new" }],
    ["sdxl-v", published.sdxl, { "scheduler.prediction_type": "v_prediction" }],
    ["sd2-base", published.sd21, { "scheduler.prediction_type": "epsilon" }],
    ["sd2-v-ztsnr", published.sd21, { "scheduler.rescale_betas_zero_snr": "true" }],
    ["playground-2.5", published.sdxl, { "scheduler._class_name": "EDMDPMSolverMultistepScheduler" }],
    [
      "sdxl-v-continuous",
      published.sdxl,
      { "scheduler._class_name": "EDMEulerScheduler", "scheduler.prediction_type": "v_prediction" },
    ],
  ])("are %s by metadata", (id, tensors, metadata) => {
    expect(familyOf(tensors, { metadata })).toBe(id);
  });

  test.each([
    ["sd2-v", published.sd21, "v2-1_768-ema-pruned.safetensors"],
    ["sd2-base", published.sd21, "v2-1_512-ema-pruned.safetensors"],
    ["sd-turbo", published.sd21, "sd_turbo.safetensors"],
    ["sdxl", published.sdxl, "ponyDiffusionV6XL.safetensors"],
    ["sdxl", published.sdxl, "hyperrealism.safetensors"],
    ["sdxl-turbo", published.sdxl, "sd_xl_turbo_1.0_fp16.safetensors"],
    ["sdxl-lightning", published.sdxl, "dreamshaperXL_v21TurboDPMSDE.safetensors"],
    ["sdxl-lightning", published.sdxl, "juggernautXL_v9Rdphoto2Lightning.safetensors"],
    ["sdxl-lcm-merge", published.sdxl, "someXL_lcm.safetensors"],
    ["sd1", published.sd15, "v1-5-pruned-emaonly.safetensors"],
    ["sd1-lcm-merge", published.sd15, "dreamshaper_8LCM.safetensors"],
  ])("that say nothing of themselves are %s by their name", (id, tensors, name) => {
    expect(familyOf(tensors, { name })).toBe(id);
  });

  test("are what the user says they are, if the shapes allow it", () => {
    const name = "v2-1_512-ema-pruned.safetensors";
    expect(familyOf(published.sd21, { name, familyId: "sd2-v" })).toBe("sd2-v");
    expect(refusal(published.sd21, { familyId: "sdxl" })).toMatchObject({
      name: "UnsupportedModel",
      details: { expected: "sd2-v or sd2-v-ztsnr or sd2-base or sd-turbo", got: "sdxl" },
    });
  });

  test("are refused when they state a training that no row has", () => {
    const changes = { ...inpainting, v_pred: [] };
    expect(refusal(published.sd15, { changes })).toMatchObject({
      name: "UnsupportedModel",
      details: { got: "v prediction" },
    });
  });

  test("SD-Turbo's file, with its text encoder named as in SDXL's, is an SD 2.x", () => {
    const renamed: HeaderDescription = new Map(
      [...published.sd21].map(([key, value]) => [
        key.replace("cond_stage_model.model.", "conditioner.embedders.0.model."),
        value,
      ]),
    );
    const { family, textEncoders } = detect(renamed, { name: "sd_turbo.safetensors" });
    expect(family.id).toBe("sd-turbo");
    expect(textEncoders[0].prefix).toBe("conditioner.embedders.0.model.");
  });
});

/** A tensor's name with every number masked: detection treats all numbers alike. */
const kindOf = (key: string): string => key.replace(/\d+/g, "#");

const newKinds = new Map<string, readonly string[]>();
const seenKinds = new Set<string>();
for (const name of ["sd21", "sdxl"] as const) {
  const keys = required(detect(published[name])).map(({ key }) => key);
  // One of each kind that the model before it has not; the refiner has no kind of its own. SD 1.x is tested tensor by tensor in detect-model.test.ts.
  newKinds.set(name, [
    ...new Map(keys.filter((key) => !seenKinds.has(kindOf(key))).map((key) => [kindOf(key), key])).values(),
  ]);
  for (const key of keys) seenKinds.add(kindOf(key));
}

describe.each(["sd21", "sdxl"] as const)("a damaged %s", (model) => {
  const tensors = published[model];
  const kinds = newKinds.get(model) ?? [];

  test("has kinds of tensors to test", () => {
    expect(kinds.length).toBeGreaterThan(20);
  });

  test("names a missing tensor", () => {
    const wrong: string[] = [];
    for (const key of kinds) {
      const error = refusal(tensors, { changes: { [key]: undefined } });
      const { name, details } = error as { name: string; details: { where: string } };
      // Where a whole layer vanished with its tensor, the hole is named: the beginning of the key.
      if (name !== "MissingTensor" || !key.startsWith(details.where)) wrong.push(`${key}: ${String(error)}`);
    }
    expect(wrong).toEqual([]);
  });

  test("names a tensor of a wrong shape", () => {
    const wrong: string[] = [];
    for (const key of kinds) {
      const shape = [...(tensors.get(key)?.[1] ?? []), 2];
      const error = refusal(tensors, { changes: { [key]: shape } });
      const { name, details } = error as { name: string; details: { where: string; got: string } };
      const named =
        name === "ShapeMismatch" && details.where === key && details.got === `[${shape.join(", ")}]`;
      if (!named) wrong.push(`${key}: ${String(error)}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe("SDXL's class embedding", () => {
  test("must have room for the pooled prompt and an even width per size", () => {
    const changes = { [`${UNET}label_emb.0.0.weight`]: [1280, 1280 + 6 * 255] };
    expect(refusal(published.sdxl, { changes })).toMatchObject({
      name: "UnsupportedModel",
      message: expect.stringMatching(
        /1280 for the pooled prompt and an even number for each of height/,
      ) as string,
    });
  });

  test("without a second text encoder is refused by name", () => {
    const halved: HeaderDescription = new Map(
      [...published.sdxl].filter(([key]) => !key.startsWith("conditioner.embedders.1.")),
    );
    expect(refusal(halved)).toMatchObject({
      name: "MissingTensor",
      details: { where: "conditioner.embedders.1.model.token_embedding.weight" },
    });
  });
});
