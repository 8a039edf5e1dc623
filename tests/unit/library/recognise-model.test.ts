// What recognising costs: bytes read and processor time, for every kind of published file at full size. What is recognised is
// tests/unit/models/kinds/detect-file.test.ts.

import { expect, test } from "vitest";
import { recogniseParts, recogniseSource } from "../../../src/library/recognise-model.ts";
import type { DetectedFile } from "../../../src/models/kinds/detected-file.ts";
import type { ByteSource } from "../../../src/weights/byte-source.ts";
import type { FolderFile } from "../../../src/weights/diffusers-folder.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { countingSource } from "../../support/counting-source.ts";
import { headerFixture, headerOnlySource, type HeaderDescription } from "../../support/header-only.ts";
import { sparseOnnxFile, type NodeToWrite, type PortToWrite } from "../../support/onnx-files.ts";
import { sparseSource } from "../../support/sparse-source.ts";
import { realEsrgan } from "../../support/upscaler-headers.ts";
import { fullSizeLegacy, fullSizeZip } from "../weights/pickle/build-full-size.ts";

const MAX_BYTES = 2_000_000;
const MAX_MILLISECONDS = 200;
/** Nodes of an ONNX graph cannot be skipped: each says only how long it is. These are SDXL's. */
const MAX_BYTES_OF_LARGE_GRAPHS = 5_000_000;
const RUNS = 3;

const safetensors = (tensors: HeaderDescription, metadata: Record<string, string> = {}): ByteSource =>
  headerOnlySource(tensors, { metadata });

/** kohya's, for all linear layers of SDXL's UNet and text encoders, with what a trainer notes of a large data set. */
function largeLora(): ByteSource {
  const tensors: HeaderDescription = new Map();
  for (let i = 0; i < 986; i++) {
    const module = `lora_unet_input_blocks_${i}_1_transformer_blocks_0_attn2_to_k`;
    tensors.set(`${module}.lora_down.weight`, ["F16", [32, 2048]]);
    tensors.set(`${module}.lora_up.weight`, ["F16", [1280, 32]]);
    tensors.set(`${module}.alpha`, ["F16", []]);
  }
  return safetensors(tensors, { ss_tag_frequency: "1girl, solo, ".repeat(50_000) });
}

/** The UNet in shards, as large ones are published, and the tokenizers' files at their sizes. */
function diffusersFolder(name: string): readonly FolderFile[] {
  const parts = new Map<string, [string, HeaderDescription extends Map<string, infer T> ? T : never][]>();
  for (const [key, value] of headerFixture(name)) {
    const dot = key.indexOf(".");
    const part = key.slice(0, dot);
    parts.set(part, [...(parts.get(part) ?? []), [key.slice(dot + 1), value]]);
  }
  const text = (path: string, content: string): FolderFile => ({
    path,
    source: memorySource(new TextEncoder().encode(content), path),
  });
  const weights = (path: string, tensors: HeaderDescription): FolderFile => ({
    path,
    source: headerOnlySource(tensors, { name: path }),
  });
  const shard = (i: number): string => `diffusion_pytorch_model-0000${i + 1}-of-00002.safetensors`;
  const unet = parts.get("unet")!;
  parts.delete("unet");
  const half = Math.ceil(unet.length / 2);
  const index = {
    weight_map: Object.fromEntries(unet.map(([key], i) => [key, shard(i < half ? 0 : 1)])),
  };
  const tokenizer = (folder: string): FolderFile[] => [
    text(`${folder}/vocab.json`, " ".repeat(1_059_962)),
    text(`${folder}/merges.txt`, " ".repeat(524_619)),
  ];
  return [
    text("model_index.json", "{}"),
    text("scheduler/scheduler_config.json", '{"prediction_type":"epsilon"}'),
    ...tokenizer("tokenizer"),
    ...tokenizer("tokenizer_2"),
    text("unet/diffusion_pytorch_model.safetensors.index.json", JSON.stringify(index, undefined, 2)),
    weights(`unet/${shard(0)}`, new Map(unet.slice(0, half))),
    weights(`unet/${shard(1)}`, new Map(unet.slice(half))),
    ...[...parts].map(([part, tensors]) => weights(`${part}/model.safetensors`, new Map(tensors))),
  ];
}

interface GraphSize {
  readonly nodes: number;
  /** Of a node, on average. */
  readonly nodeBytes: number;
  readonly weights: number;
  readonly weightElements: number;
}

const port = (name: string, ...dims: PortToWrite["dims"]): PortToWrite => ({ name, type: "float32", dims });

/** A graph of as many nodes and bytes as torch.onnx makes of the network in operator set 17. */
function graph(
  path: string,
  [inputs, outputs]: readonly [readonly PortToWrite[], readonly PortToWrite[]],
  { nodes, nodeBytes, weights, weightElements }: GraphSize,
): ByteSource {
  const name = "n".repeat(Math.round((nodeBytes - 15) / 4)); // in four fields
  const node: NodeToWrite = { opType: name, inputs: [name], outputs: [name] };
  return sparseSource(
    path,
    sparseOnnxFile(
      { inputs, outputs, nodes: new Array<NodeToWrite>(nodes).fill(node) },
      Array.from({ length: weights }, (_, i) => ({ name: `layer.${i}.weight`, shape: [weightElements] })),
    ),
  );
}

const tokens: PortToWrite = { name: "input_ids", type: "int32", dims: ["batch", 77] };
const pixels = port("sample", "batch", 3, "height", "width");
const latents = port("latent_sample", "batch", 4, "height", "width");
const decoder = graph("vae_decoder/model.onnx", [[latents], [pixels]], {
  nodes: 573,
  nodeBytes: 183,
  weights: 80,
  weightElements: 600_000,
});
const unetPorts = (width: number): PortToWrite[] => [
  port("sample", "batch", 4, "height", "width"),
  port("timestep", "steps"),
  port("encoder_hidden_states", "batch", "tokens", width),
];
const noise = port("out_sample", "batch", 4, "height", "width");
const encoded = (width: number): PortToWrite[] => [
  port("last_hidden_state", "batch", 77, width),
  port("text_embeds", "batch", width),
  ...Array.from({ length: 33 }, (_, i) => port(`hidden_states.${i}`, "batch", 77, width)),
];
const folderOf = (...graphs: readonly ByteSource[]): readonly FolderFile[] => [
  { path: "model_index.json", source: memorySource(new TextEncoder().encode("{}"), "model_index.json") },
  ...graphs.map((source) => ({ path: source.name, source })),
];

function onnxFolder(): readonly FolderFile[] {
  const clip = graph("text_encoder/model.onnx", [[tokens], encoded(768)], {
    ...{ nodes: 1405, nodeBytes: 161, weights: 77, weightElements: 1_600_000 },
  });
  const unet = graph("unet/model.onnx", [unetPorts(768), [noise]], {
    ...{ nodes: 4498, nodeBytes: 214, weights: 478, weightElements: 1_800_000 },
  });
  return folderOf(clip, unet, decoder);
}

function largeOnnxFolder(): readonly FolderFile[] {
  const clip = graph("text_encoder/model.onnx", [[tokens], encoded(768)], {
    ...{ nodes: 1405, nodeBytes: 161, weights: 77, weightElements: 1_600_000 },
  });
  const openClip = graph("text_encoder_2/model.onnx", [[tokens], encoded(1280)], {
    ...{ nodes: 3665, nodeBytes: 164, weights: 197, weightElements: 3_500_000 },
  });
  const sizes = [port("text_embeds", "batch", 1280), port("time_ids", "batch", 6)];
  const unet = graph("unet/model.onnx", [[...unetPorts(2048), ...sizes], [noise]], {
    ...{ nodes: 13_746, nodeBytes: 232, weights: 1176, weightElements: 2_180_000 },
  });
  return folderOf(clip, openClip, unet, decoder);
}

const upscalerGraph = graph("4x-upscaler.onnx", [[pixels], [port("out", "batch", 3, "height", "width")]], {
  ...{ nodes: 1200, nodeBytes: 150, weights: 702, weightElements: 24_000 },
});

type Recognised = { readonly detected: DetectedFile };

/** Smallest processor time of several runs: of this process alone, and warm. */
async function costOf(
  sources: readonly ByteSource[],
  recognise: (counted: readonly ByteSource[]) => Promise<Recognised>,
) {
  const milliseconds: number[] = [];
  for (;;) {
    const counted = sources.map(countingSource);
    const before = process.cpuUsage();
    const { detected } = await recognise(counted);
    const { user, system } = process.cpuUsage(before);
    milliseconds.push((user + system) / 1000);
    if (milliseconds.length < RUNS) continue;
    const bytes = counted.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    return { detected, bytes, milliseconds: Math.min(...milliseconds) };
  }
}

const sd15 = headerFixture("stable-diffusion-1-5");

test.each<[string, ByteSource, object, number]>([
  ["SD 1.5", safetensors(sd15), { type: "checkpoint", family: "sd1" }, 2e9],
  ["SD 2.1", safetensors(headerFixture("stable-diffusion-2-1")), { type: "checkpoint" }, 2e9],
  ["SDXL", safetensors(headerFixture("stable-diffusion-xl-base")), { family: "sdxl" }, 6e9],
  [
    "SDXL's refiner",
    safetensors(headerFixture("stable-diffusion-xl-refiner")),
    { family: "sdxl-refiner" },
    5e9,
  ],
  [
    "SDXL in Diffusers' layout",
    safetensors(headerFixture("stable-diffusion-xl-base-diffusers")),
    { family: "sdxl" },
    6e9,
  ],
  [
    "SD 1.5 as a .ckpt",
    sparseSource("v1-5.ckpt", fullSizeZip(sd15)),
    { type: "checkpoint", family: "sd1" },
    4e9,
  ],
  ["an ESRGAN .pth", sparseSource("x4.pth", fullSizeZip(realEsrgan())), { type: "upscaler", scale: 4 }, 6e7],
  [
    "a legacy .pth",
    sparseSource("x4.pth", fullSizeLegacy(realEsrgan())),
    { type: "upscaler", scale: 4 },
    6e7,
  ],
  ["a large LoRA", largeLora(), { type: "lora", family: "sdxl" }, 2e8],
  ["an .onnx upscaler", upscalerGraph, { type: "upscaler", scale: 4, format: "onnx" }, 3e7],
])("%s costs less than 2 MB and 200 ms", async (_, source, expected, least) => {
  expect(source.byteLength).toBeGreaterThan(least);
  const { detected, bytes, milliseconds } = await costOf([source], ([counted]) => recogniseSource(counted));
  expect(detected).toMatchObject(expected);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(MAX_BYTES);
  expect(milliseconds).toBeLessThan(MAX_MILLISECONDS);
});

test.each<[string, readonly FolderFile[], object, number]>([
  [
    "SDXL's Diffusers folder",
    diffusersFolder("stable-diffusion-xl-base-diffusers"),
    { family: "sdxl" },
    MAX_BYTES,
  ],
  ["an ONNX folder of SD 1.5", onnxFolder(), { family: "sd1", format: "onnx" }, MAX_BYTES],
  [
    "an ONNX folder of SDXL",
    largeOnnxFolder(),
    { family: "sdxl", format: "onnx" },
    MAX_BYTES_OF_LARGE_GRAPHS,
  ],
])("%s costs as little, all its files together", async (_, files, expected, most) => {
  const { detected, bytes, milliseconds } = await costOf(
    files.map(({ source }) => source),
    (counted) =>
      recogniseParts(
        files.map(({ path }, i) => ({ path, source: counted[i] })),
        "folder",
      ),
  );
  expect(detected).toMatchObject({ type: "checkpoint", ...expected });
  expect(bytes).toBeLessThan(most);
  expect(milliseconds).toBeLessThan(MAX_MILLISECONDS);
});
