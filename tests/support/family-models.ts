// Tiny random-weight models of every family, put together from tests/fixtures/pipelines into files as they are published: in
// the original or in diffusers' layout, or as a folder. For tests in Node only.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Checkpoint } from "../../src/weights/checkpoint.ts";
import type { FolderFile } from "../../src/weights/diffusers-folder.ts";
import { memorySource } from "../../src/weights/memory-source.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { writeSafetensors, type TensorToWrite } from "../../src/weights/write-safetensors.ts";
import { tinyVocabulary } from "./tiny-vocabulary.ts";

const FIXTURES = new URL("../fixtures/pipelines/", import.meta.url);

type Tensors = Map<string, TensorToWrite>;

/** Where an original key's bytes come from, and what is done to them: nothing, a new shape, a transposition or a joining. */
type OriginalName = readonly [from: string | readonly string[], change?: "transposed" | "joined" | number[]];

interface Layouts {
  readonly differences: Readonly<Record<string, { base: string; without: readonly string[] }>>;
  readonly original: Readonly<Record<string, Readonly<Record<string, OriginalName>>>>;
}

export const familyFixture = (name: string): Uint8Array => readFileSync(new URL(name, FIXTURES));

const layouts = JSON.parse(gunzipSync(familyFixture("layouts.json.gz")).toString()) as Layouts;

async function tensorsOf(name: string): Promise<Tensors> {
  const checkpoint: Checkpoint = await openSafetensors(memorySource(familyFixture(name), name));
  return new Map(
    [...checkpoint.tensors].map(([key, { dtype, shape, start, end }]) => [
      key,
      { dtype, shape, bytes: checkpoint.source.readSync(start, end) },
    ]),
  );
}

/** The tensors behind `prefix`, without it. */
const under = (tensors: Tensors, prefix: string): Tensors =>
  new Map(
    [...tensors]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, tensor]) => [key.slice(prefix.length), tensor]),
  );

async function unetTensors(name: string): Promise<Tensors> {
  if (name.startsWith("storage-")) return under(await tensorsOf("storage.safetensors"), `${name.slice(8)}/`);
  if (!(name in layouts.differences)) return tensorsOf(`unet-${name}.safetensors`);
  const { base, without } = layouts.differences[name];
  const tensors = await unetTensors(base);
  for (const key of without) tensors.delete(key);
  for (const [key, tensor] of under(await tensorsOf("unet-differences.safetensors"), `${name}/`))
    tensors.set(key, tensor);
  return tensors;
}

/** SD 2.x's text encoder as diffusers publishes it: without its last layer and without the projection. */
function trimmed(openClip: Tensors): Tensors {
  const leftOut = /^text_projection\.|^text_model\.encoder\.layers\.2\./;
  return new Map([...openClip].filter(([key]) => !leftOut.test(key)));
}

const isSecond = (unet: string): boolean => unet.startsWith("sd2");

export interface FamilyModel {
  /** Of tools/fixtures/pipelines.py: "sd1", "xl-lcm", "pruned", or "storage-F16". */
  readonly unet: string;
  /** Keys that mark a file's training, added as published. */
  readonly markers?: readonly string[];
  /** Rows of the text encoders' token tables, repeated from those there are: for real tokenizers. */
  readonly vocabulary?: number;
}

/** As diffusers saves the model's parts, by folder. */
export async function componentTensors({ unet }: FamilyModel): Promise<Readonly<Record<string, Tensors>>> {
  const [clip, openClip] = [await tensorsOf("clip-l.safetensors"), await tensorsOf("open-clip.safetensors")];
  const texts: Record<string, Tensors> = isSecond(unet)
    ? { text_encoder: trimmed(openClip) }
    : unet === "refiner"
      ? { text_encoder_2: openClip }
      : unet.startsWith("xl") || unet === "pruned"
        ? { text_encoder: clip, text_encoder_2: openClip }
        : { text_encoder: clip };
  return { unet: await unetTensors(unet), vae: await tensorsOf("vae.safetensors"), ...texts };
}

export async function familyFile(
  model: FamilyModel,
  layout: "original" | "diffusers",
): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = layout === "original" ? await originalTensors(model) : await prefixedTensors(model);
  if (model.vocabulary !== undefined) enlargeVocabulary(tensors, model.vocabulary);
  for (const key of model.markers ?? [])
    tensors.set(key, { dtype: "U8", shape: [1], bytes: Uint8Array.of(0) });
  return writeSafetensors(tensors);
}

/** As diffusers publishes it: a folder per part, the UNet in shards, its own tokenizer and the scheduler's configuration. */
export async function familyFolder(
  model: FamilyModel,
  schedulerConfig: Readonly<Record<string, unknown>>,
): Promise<readonly FolderFile[]> {
  const { unet, ...others } = await componentTensors(model);
  const file = (path: string, bytes: Uint8Array): FolderFile => ({ path, source: memorySource(bytes, path) });
  const text = (path: string, content: string): FolderFile => file(path, new TextEncoder().encode(content));
  const shard = (i: number): string => `diffusion_pytorch_model-0000${i + 1}-of-00002.safetensors`;
  const shards: readonly Tensors[] = [new Map(), new Map()];
  [...unet].forEach(([key, tensor], i) => shards[i % 2].set(key, tensor));
  const weightMap = Object.fromEntries(
    shards.flatMap((part, i) => [...part.keys()].map((key) => [key, shard(i)])),
  );
  return [
    text("model_index.json", "{}"),
    text("scheduler/scheduler_config.json", JSON.stringify(schedulerConfig)),
    text("tokenizer/vocab.json", JSON.stringify(tinyVocabulary.vocabJson)),
    text("tokenizer/merges.txt", tinyVocabulary.mergesText),
    text("unet/diffusion_pytorch_model.safetensors.index.json", JSON.stringify({ weight_map: weightMap })),
    ...shards.map((part, i) => file(`unet/${shard(i)}`, writeSafetensors(part))),
    ...Object.entries(others).map(([part, tensors]) =>
      file(`${part}/model.safetensors`, writeSafetensors(tensors)),
    ),
  ];
}

function enlargeVocabulary(tensors: Tensors, rows: number): void {
  for (const [key, { dtype, shape, bytes }] of tensors) {
    if (!key.endsWith("token_embedding.weight")) continue;
    const all = new Uint8Array(rows * (bytes.length / shape[0])).map((_, i) => bytes[i % bytes.length]);
    tensors.set(key, { dtype, shape: [rows, ...shape.slice(1)], bytes: all });
  }
}

async function prefixedTensors(model: FamilyModel): Promise<Tensors> {
  const components = await componentTensors(model);
  return new Map(
    Object.entries(components).flatMap(([component, tensors]) =>
      [...tensors].map(([key, tensor]) => [`${component}.${key}`, tensor] as const),
    ),
  );
}

async function originalTensors({ unet }: FamilyModel): Promise<Tensors> {
  const sources = new Map<string, Tensors>([
    ["unet", await unetTensors(unet)],
    ["vae", await tensorsOf("vae.safetensors")],
    ["clip-l", await tensorsOf("clip-l.safetensors")],
    ["open-clip", await tensorsOf("open-clip.safetensors")],
  ]);
  const take = (path: string): TensorToWrite => {
    const slash = path.indexOf("/");
    const tensor = sources.get(path.slice(0, slash))?.get(path.slice(slash + 1));
    if (!tensor) throw new Error(`no fixture tensor ${path}`);
    return tensor;
  };
  const names = layouts.original[unet.startsWith("storage-") ? "sd1" : unet];
  return new Map(
    Object.entries(names).map(([key, [from, change]]) => [
      key,
      changed(typeof from === "string" ? [take(from)] : from.map(take), change),
    ]),
  );
}

function changed(parts: readonly TensorToWrite[], change: OriginalName[1]): TensorToWrite {
  const [first] = parts;
  if (change === undefined) return first;
  if (change === "joined") {
    const rows = parts.reduce((sum, { shape }) => sum + shape[0], 0);
    return {
      ...first,
      shape: [rows, ...first.shape.slice(1)],
      bytes: Buffer.concat(parts.map(({ bytes }) => bytes)),
    };
  }
  if (change === "transposed") {
    const [rows, columns] = first.shape; // of one byte each
    const bytes = first.bytes.map((_, i) => first.bytes[(i % rows) * columns + Math.floor(i / rows)]);
    return { ...first, shape: [columns, rows], bytes };
  }
  return { ...first, shape: change };
}
