// Which model a folder of ONNX graphs is, for the ports and configurations that exporters are known to write: full-size shapes, no weights.

import { describe, expect, test } from "vitest";
import { detectExported } from "../../../../src/models/exports/detect-exported.ts";
import type { ExportedModel } from "../../../../src/models/exports/exported-model.ts";
import type { FolderFile } from "../../../../src/weights/diffusers-folder.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import type { OnnxDim } from "../../../../src/weights/onnx/onnx-file.ts";
import { openOnnxFolder } from "../../../../src/weights/onnx/onnx-folder.ts";
import { onnxFile, type OnnxToWrite, type PortToWrite } from "../../../support/onnx-files.ts";

type Files = Readonly<Record<string, OnnxToWrite | object>>;
type Type = PortToWrite["type"];

const port = (name: string, type: Type, ...dims: OnnxDim[]): PortToWrite => ({ name, type, dims });

interface UnetShape {
  readonly type?: Type;
  readonly batch?: OnnxDim;
  readonly channels?: OnnxDim;
  readonly side?: OnnxDim;
  readonly width?: OnnxDim;
  readonly timestep?: PortToWrite;
  readonly extra?: readonly PortToWrite[];
}

function unet(shape: UnetShape): OnnxToWrite {
  const { type = "float32", batch = "batch", channels = 4, side = "height", width, extra = [] } = shape;
  const planes = (name: string, of: OnnxDim): PortToWrite => port(name, type, batch, of, side, side);
  const { timestep = port("timestep", "int64", "steps") } = shape;
  return {
    inputs: [
      planes("sample", channels),
      timestep,
      port("encoder_hidden_states", type, batch, typeof batch === "number" ? 77 : "sequence", width),
      ...extra,
    ],
    outputs: [planes("out_sample", typeof channels === "number" ? 4 : undefined)],
  };
}

const text = (width: number, outputs: readonly string[] = ["pooler_output"]): OnnxToWrite => ({
  inputs: [port("input_ids", "int32", 1, 77)],
  outputs: [
    port("last_hidden_state", "float32", 1, 77, width),
    ...outputs.map((name) =>
      name.startsWith("hidden") ? port(name, "float32", 1, 77, width) : port(name, "float32", 1, width),
    ),
  ],
});

const layers = (count: number): string[] => Array.from({ length: count + 1 }, (_, i) => `hidden_states.${i}`);

const decoder = (side?: number): OnnxToWrite => ({
  inputs: [port("latent_sample", "float32", 1, 4, side, side)],
  outputs: [port("sample", "float32", 1, 3, side && 8 * side, side && 8 * side)],
});

const XL_INPUTS = [port("text_embeds", "float32", "batch", 1280), port("time_ids", "float32", "batch", 6)];
const XL_TEXTS = {
  "text_encoder/model.onnx": text(768, layers(12)),
  "text_encoder_2/model.onnx": text(1280, ["text_embeds", ...layers(32)]),
  "vae_decoder/model.onnx": decoder(),
};

async function detect(name: string, files: Files): Promise<ExportedModel> {
  const given = Object.entries(files).map(([path, content]): FolderFile => {
    const bytes = path.endsWith(".onnx")
      ? onnxFile(content as OnnxToWrite)
      : new TextEncoder().encode(JSON.stringify(content));
    return { path: `${name}/${path}`, source: memorySource(bytes, path) };
  });
  return detectExported(await openOnnxFolder(given, name));
}

const sd1 = { "text_encoder/model.onnx": text(768), "vae_decoder/model.onnx": decoder() };
const sd2 = { "text_encoder/model.onnx": text(1024), "vae_decoder/model.onnx": decoder() };

describe("the family of a folder of ONNX graphs", () => {
  test.each<[string, string, Files]>([
    ["sd1", "stable-diffusion-v1-5", { ...sd1, "unet/model.onnx": unet({ width: 768 }) }],
    [
      "sd1",
      "symbolic-channels",
      {
        ...sd1,
        "unet/model.onnx": unet({ channels: "c" }),
        "unet/config.json": { in_channels: 4, cross_attention_dim: 768 },
      },
    ],
    ["sd1-inpainting", "inpainting", { ...sd1, "unet/model.onnx": unet({ width: 768, channels: 9 }) }],
    [
      "sd1-lcm",
      "LCM_Dreamshaper",
      {
        ...sd1,
        "unet/model.onnx": unet({ width: 768, extra: [port("timestep_cond", "float32", "batch", 256)] }),
      },
    ],
    ["sd-turbo", "sd-turbo-ort-web", { ...sd2, "unet/model.onnx": unet({ width: 1024, type: "float16" }) }],
    [
      "sd2-base",
      "stable-diffusion-2-1-base",
      {
        ...sd2,
        "unet/model.onnx": unet({ width: 1024 }),
        "scheduler/scheduler_config.json": { prediction_type: "epsilon" },
      },
    ],
    ["sd2-v", "stable-diffusion-2-1", { ...sd2, "unet/model.onnx": unet({ width: 1024 }) }],
    ["sdxl-turbo", "sdxl-turbo", { ...XL_TEXTS, "unet/model.onnx": unet({ width: 2048, extra: XL_INPUTS }) }],
    [
      "sdxl-v",
      "noob",
      {
        ...XL_TEXTS,
        "unet/model.onnx": unet({ width: 2048, extra: XL_INPUTS }),
        "scheduler/scheduler_config.json": { prediction_type: "v_prediction" },
      },
    ],
  ])("is %s for %s", async (family, name, files) => {
    expect((await detect(name, files)).family.id).toBe(family);
  });

  test("flat files of a fixed-shape export are told by their ports; helpers and checkers are left out", async () => {
    const model = await detect("stable-diffusion-v1.5-webnn", {
      "text-encoder.onnx": text(768),
      "sd-unet-v1.5-model-b2c4h64w64s77-float16.onnx": unet({
        type: "float16",
        batch: 2,
        side: 64,
        width: 768,
        timestep: port("timestep", "int64", 2),
      }),
      "vae-decoder.onnx": decoder(64),
      "safety_checker_int32.onnx": {
        inputs: [port("clip_input", "float16", 1, 3, 224, 224), port("images", "float16", 1, 224, 224, 3)],
        outputs: [port("has_nsfw_concepts", "int32", 1)],
      },
      "scheduler-step.onnx": { inputs: [port("a", "float16", 1)], outputs: [port("b", "float16", 1)] },
    });
    expect(model.family.id).toBe("sd1");
    expect(model.fixed).toEqual({ width: 512, height: 512, batch: 2, tokens: 77 });
    expect(model.files.map(({ path }) => path).sort()).toEqual([
      "sd-unet-v1.5-model-b2c4h64w64s77-float16.onnx",
      "text-encoder.onnx",
      "vae-decoder.onnx",
    ]);
  });

  test("of several copies of a network the quantised ones come last", async () => {
    const { networks } = await detect("several", {
      ...sd1,
      "unet/model.onnx": unet({ width: 768 }),
      "unet/model_q4.onnx": unet({ width: 768 }),
    });
    expect(networks.unet.graph.path).toBe("unet/model.onnx");
  });

  test("the VAE's scale is the configuration's, SDXL's sizes are plain numbers", async () => {
    const model = await detect("xl", {
      ...XL_TEXTS,
      "unet/model.onnx": unet({ width: 2048, extra: XL_INPUTS }),
      "vae_decoder/config.json": { scaling_factor: 0.5, block_out_channels: [1, 2, 3], latent_channels: 4 },
    });
    expect(model.vae).toMatchObject({ scale: 0.5, downscale: 4 });
    expect(model.sizeConditioning?.width).toBe("plain");
  });
});

describe("a folder of ONNX graphs is refused by name", () => {
  test.each<[string, Files, RegExp]>([
    [
      "with inputs for a ControlNet",
      {
        ...sd1,
        "unet/model.onnx": unet({
          width: 768,
          extra: [port("down_block_0", "float32", "batch", 320, "h", "w")],
        }),
      },
      /down_block_0/,
    ],
    [
      "of SDXL without its text encoders' layers",
      {
        ...XL_TEXTS,
        "text_encoder/model.onnx": text(768),
        "unet/model.onnx": unet({ width: 2048, extra: XL_INPUTS }),
      },
      /hidden_states/,
    ],
    [
      "whose text encoder is another model's",
      { ...sd1, "text_encoder/model.onnx": text(1024), "unet/model.onnx": unet({ width: 768 }) },
      /width of the UNet's text conditioning should be 1024.*got 768/,
    ],
    [
      "whose graphs are for two sizes",
      { ...sd1, "unet/model.onnx": unet({ width: 768, side: 64 }), "vae_decoder/model.onnx": decoder(96) },
      /64 latents along a side.*96/,
    ],
    ["without a UNet", sd1, /a unet among them/],
    [
      "of an unknown architecture",
      { ...sd1, "unet/model.onnx": unet({ width: 768, channels: 16 }) },
      /16 input/,
    ],
  ])("%s", async (_, files, message) => {
    await expect(detect("folder", files)).rejects.toMatchObject({
      name: "UnsupportedModel",
      message: expect.stringMatching(message) as string,
    });
  });
});
