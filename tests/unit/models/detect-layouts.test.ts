// Files whose tensors have other names than the original layout: the same networks must be found. From headers alone.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { detectModel } from "../../../src/models/detect-model.ts";
import { withOriginalKeys } from "../../../src/models/key-names.ts";
import { textEncoderTensors, unetTensors, vaeTensors } from "../../../src/models/required-tensors.ts";
import { headerFixture, headerOnlyCheckpoint, type HeaderDescription } from "../../support/header-only.ts";

const SD15 = headerFixture("stable-diffusion-1-5");
const SD21 = headerFixture("stable-diffusion-2-1");
const SDXL = headerFixture("stable-diffusion-xl-base");

const detect = (tensors: HeaderDescription) => detectModel(headerOnlyCheckpoint(tensors));

function renamed(tensors: HeaderDescription, rename: (key: string) => string): HeaderDescription {
  return new Map([...tensors].map(([key, value]) => [rename(key), value]));
}

/** Shape by original key, 1x1 kernels as Linear. */
function shapesUnder(tensors: HeaderDescription, prefix: string): Record<string, string> {
  const found = [...withOriginalKeys(headerOnlyCheckpoint(tensors)).tensors]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, { shape }]) => [key, (key.includes(".mid.attn_1.") ? shape.slice(0, 2) : shape).join("x")]);
  return Object.fromEntries(found) as Record<string, string>;
}

describe("Diffusers' layout", () => {
  const files: readonly [string, HeaderDescription, HeaderDescription, string][] = [
    ["SD 2.1", headerFixture("stable-diffusion-2-1-diffusers"), SD21, "sd2-v"],
    ["SDXL base", headerFixture("stable-diffusion-xl-base-diffusers"), SDXL, "sdxl"],
  ];

  test.each(files)(
    "%s has the original's UNet and VAE under the original's names",
    (_, diffusers, original) => {
      for (const prefix of ["model.diffusion_model.", "first_stage_model."]) {
        expect(shapesUnder(diffusers, prefix)).toEqual(shapesUnder(original, prefix));
      }
    },
  );

  test.each(files)("%s is the same model", (_, diffusers, original, id) => {
    const [found, expected] = [detect(diffusers), detect(original)];
    expect(found.family.id).toBe(id);
    expect(found.unet).toEqual(expected.unet);
    expect(found.sizeConditioning).toEqual(expected.sizeConditioning);
    const used = ({
      layers,
      leftOutLayers,
      width,
      heads,
      mlpWidth,
      finalNorm,
      pooling,
    }: (typeof found.textEncoders)[0]) => [
      layers - leftOutLayers,
      width,
      heads,
      mlpWidth,
      finalNorm,
      pooling?.width,
    ];
    expect(found.textEncoders.map(used)).toEqual(expected.textEncoders.map(used));
    expect(found.vae.decoder.find(({ kind }) => kind === "attention")).toMatchObject({ linear: true });
  });

  test("the names that VAEs gave their attention before 2023 are read too", () => {
    const old = { "to_q.": "query.", "to_k.": "key.", "to_v.": "value.", "to_out.0.": "proj_attn." };
    const names = renamed(headerFixture("stable-diffusion-xl-base-diffusers"), (key) =>
      key.startsWith("vae.")
        ? Object.entries(old).reduce((name, [now, then]) => name.replace(now, then), key)
        : key,
    );
    expect([...names.keys()].filter((key) => key.includes("proj_attn")).length).toBe(4);
    expect(detect(names).vae).toEqual(detect(headerFixture("stable-diffusion-xl-base-diffusers")).vae);
  });

  test("every tensor of UNet and VAE gets its own original name, not that of one of the same shape", () => {
    const url = new URL("../../fixtures/headers/stable-diffusion-xl-base-diffusers.json.gz", import.meta.url);
    const { originalKeys } = JSON.parse(gunzipSync(readFileSync(url)).toString()) as {
      originalKeys: Record<string, string>;
    };
    expect(Object.keys(originalKeys).length).toBeGreaterThan(1900);
    const { tensors } = detect(headerFixture("stable-diffusion-xl-base-diffusers")).checkpoint;
    const found = [...tensors]
      .map(([original, { key }]) => [key, original] as const)
      .filter(([key]) => /^(unet|vae)\./.test(key));
    expect(Object.fromEntries(found)).toEqual(originalKeys);
  });

  test("every tensor keeps the name it has in the file", () => {
    const { checkpoint } = detect(headerFixture("stable-diffusion-xl-base-diffusers"));
    const tensor = checkpoint.tensors.get("model.diffusion_model.output_blocks.5.2.conv.weight");
    expect(tensor?.key).toBe("unet.up_blocks.1.upsamplers.0.conv.weight");
  });

  test("a hole among the blocks is named as the file has it", () => {
    const tensors = headerFixture("stable-diffusion-xl-base-diffusers");
    const holed = new Map([...tensors].filter(([key]) => !key.startsWith("unet.down_blocks.1.resnets.0.")));
    expect(() => detect(holed)).toThrow(/model\.diffusion_model\.down_blocks\.1\.resnets\.0/);
  });
});

describe("a pruned UNet", () => {
  test("SSD-1B is an SDXL of fewer and shallower transformers, with half a middle block", () => {
    const { family, unet, textEncoders, vae } = detect(headerFixture("ssd-1b-diffusers"));
    expect(family.id).toBe("sdxl");
    const depths = (blocks: typeof unet.inputBlocks) =>
      blocks.map(({ layers }) => layers.find((layer) => layer.kind === "transformer")?.depth ?? 0);
    expect(depths(unet.inputBlocks)).toEqual([0, 0, 0, 0, 2, 2, 0, 4, 4]);
    expect(unet.middleBlock?.layers.map(({ kind }) => kind)).toEqual(["resnet"]);
    expect(depths(unet.outputBlocks)).toEqual([4, 4, 10, 2, 1, 1, 0, 0, 0]);
    const keys = [...textEncoders.flatMap(textEncoderTensors), ...unetTensors(unet), ...vaeTensors(vae)];
    expect(keys.length).toBeGreaterThan(1800);
  });
});

describe("other prefixes", () => {
  test.each([
    ["model.", (key: string) => key.replace(/^model\.diffusion_model\./, "diffusion_model.")],
    ["first_stage_model.", (key: string) => key.replace(/^first_stage_model\./, "vae.")],
    [
      "text_model. in the first encoder",
      (key: string) => key.replace("embedders.0.transformer.text_model.", "embedders.0.transformer."),
    ],
  ])("are read: without %s", (_, rename) => {
    const { unet, vae, textEncoders } = detect(renamed(SDXL, rename));
    const expected = detect(SDXL);
    expect({ unet, vae, textEncoders }).toEqual({
      unet: expected.unet,
      vae: expected.vae,
      textEncoders: expected.textEncoders,
    });
  });

  test("EMA copies are no model of their own, and do not stand in for one", () => {
    const ema = (key: string) =>
      key.replace(
        /^model\.diffusion_model\.(.*)$/,
        (_, rest: string) => `model_ema.diffusion_model${rest.replaceAll(".", "")}`,
      );
    const both: HeaderDescription = new Map([...SD15, ...renamed(SD15, ema)]);
    expect(both.size).toBeGreaterThan(SD15.size + 600);
    expect(detect(both).unet).toEqual(detect(SD15).unet);
    expect(() => detect(renamed(SD15, ema))).toThrow(/whole Stable Diffusion checkpoint/);
  });

  test("where two tensors claim one name, the one that has it keeps it", () => {
    const key = "model.diffusion_model.out.2.bias";
    const tensors: HeaderDescription = new Map(SD15).set("diffusion_model.out.2.bias", ["F32", [7]]);
    expect(detect(tensors).checkpoint.tensors.get(key)?.shape).toEqual([4]);
  });

  test("keys of absurdly many parts cost no more than others", () => {
    const tensors = new Map(headerFixture("stable-diffusion-xl-base-diffusers"));
    tensors.set(`unet.${"a.".repeat(1_000_000)}weight`, ["F32", [1]]);
    const started = performance.now();
    expect(detect(tensors).family.id).toBe("sdxl");
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
