// Opens a model that is published as a folder of files (model_index.json beside unet/, vae/, text_encoder/, ...) as one
// checkpoint, with each file's keys behind its folder's name. Detection reads it like any other file. Knows no tensor.
//
// Who drops or stores a folder gives all of its files with their paths; weights that are not needed are never read. The
// checkpoint's source is those weight files, one behind the other, so its byte ranges stay valid as long as the same files
// are given in the same order; to store a folder, keep `DiffusersFolder.files`, and nothing else of it.

import { AppError } from "../protocol/app-error.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { fileFormatError, quoted } from "./file-format.ts";
import { joinSources, partStarts } from "./joined-source.ts";
import { openCheckpoint } from "./open-checkpoint.ts";
import type { TensorInfo } from "./tensor-info.ts";

/** `path` with "/" between its parts, as a dropped folder gives it: "my-model/unet/config.json". */
export interface FolderFile {
  readonly path: string;
  readonly source: ByteSource;
}

export interface DiffusersFolder {
  /** Keys are `unet.…`, `vae.…`, `text_encoder.…`, `text_encoder_2.…`; metadata holds `scheduler.…` (see SCHEDULER_FACTS). */
  readonly checkpoint: Checkpoint;
  /** The model's own vocabulary and merges, where the folder has them. */
  readonly tokenizer?: { readonly vocabJson: unknown; readonly mergesText: string };
  /** Those of the given files that the model consists of, with paths below the model's own folder. */
  readonly files: readonly FolderFile[];
}

const INDEX_FILE = "model_index.json";
const COMPONENTS = ["unet", "vae", "text_encoder", "text_encoder_2"] as const;
const TOKENIZER_FOLDERS = ["tokenizer", "tokenizer_2"] as const;
const SCHEDULER_CONFIG = "scheduler/scheduler_config.json";
/** What of scheduler_config.json becomes metadata: "scheduler.prediction_type". */
const SCHEDULER_FACTS = [
  "_class_name",
  "prediction_type",
  "rescale_betas_zero_snr",
  "timestep_spacing",
] as const;
// Published ones stay below 4 MB (tokenizer.json) and 1 MB (the index of shards).
const MAX_TEXT_BYTES = 32 * 2 ** 20;

/** The folder of the model among these paths, with a final "/" or empty; undefined when they are no Diffusers folder. */
export function diffusersRoot(paths: readonly string[]): string | undefined {
  return paths
    .filter((path) => path === INDEX_FILE || path.endsWith(`/${INDEX_FILE}`))
    .map((path) => path.slice(0, -INDEX_FILE.length))
    .sort((a, b) => a.length - b.length)[0];
}

/**
 * @param name for messages and for recognition by name: the folder's.
 * @throws AppError UnsupportedModel for exported graphs; FileFormat that names the file, what was expected and what was got.
 */
export async function openDiffusersFolder(
  given: readonly FolderFile[],
  name: string,
): Promise<DiffusersFolder> {
  const paths = given.map(({ path }) => path);
  if (isOnnxExport(paths)) throw onnxExport(name);
  const root = diffusersRoot(paths);
  if (root === undefined) {
    throw fileFormatError(name, { where: INDEX_FILE, expected: "in the folder", got: "no such file" });
  }
  const below = given.filter(({ path }) => path.startsWith(root));
  const files = new Map(below.map(({ path, source }) => [path.slice(root.length), source]));
  const used = new Map<string, ByteSource>();
  const take = (path: string): ByteSource | undefined => {
    const source = files.get(path);
    if (source) used.set(path, source);
    return source;
  };
  take(INDEX_FILE);

  const weights: { component: string; source: ByteSource }[] = [];
  for (const component of COMPONENTS) {
    const { index, paths } = await weightFiles(files, component, name);
    if (index !== undefined) take(index);
    for (const path of paths) weights.push({ component, source: take(path)! });
  }
  const starts = partStarts(weights.map(({ source }) => source));
  const tensors = new Map<string, TensorInfo>();
  const metadata = await schedulerFacts(take(SCHEDULER_CONFIG));
  for (const [i, { component, source }] of weights.entries()) {
    const part = await openCheckpoint(source);
    for (const tensor of part.tensors.values()) {
      const key = `${component}.${tensor.key}`;
      tensors.set(key, { ...tensor, key, start: starts[i] + tensor.start, end: starts[i] + tensor.end });
    }
    for (const [entry, value] of part.metadata) if (!metadata.has(entry)) metadata.set(entry, value);
  }
  const source = joinSources(
    weights.map((part) => part.source),
    name,
  );
  const tokenizer = await readTokenizer(take);
  return {
    checkpoint: { source, tensors, metadata },
    ...(tokenizer && { tokenizer }),
    files: [...used].map(([path, file]) => ({ path, source: file })),
  };
}

/** Graphs without the weights that they were made from, as browser demos and optimum publish models. */
function isOnnxExport(paths: readonly string[]): boolean {
  const isWeights = (path: string): boolean => /\.(safetensors|bin)$/.test(path);
  return paths.some((path) => path.endsWith(".onnx")) && !paths.some(isWeights);
}

function onnxExport(name: string): AppError {
  return new AppError(
    "UnsupportedModel",
    `${name} is a folder of ONNX graphs made for one size and device. Kiln makes its graphs from a model's own weights: take ` +
      `the .safetensors files that the same model is published as.`,
    { where: name, expected: "weights as .safetensors or .bin", got: "ONNX graphs" },
  );
}

interface WeightSet {
  readonly paths: readonly string[];
  /** The file that names the shards. */
  readonly index?: string;
}

/** One file, or all shards that an index names; of several sets (float32, fp16) the one with the fewest bytes. */
async function weightFiles(
  files: ReadonlyMap<string, ByteSource>,
  component: string,
  name: string,
): Promise<WeightSet> {
  const inside = [...files.keys()].filter(
    (path) => path.startsWith(`${component}/`) && path.indexOf("/", component.length + 1) < 0,
  );
  // Training copies without the moving average are published beside what is meant to be used.
  const usable = inside.filter((path) => !path.includes("non_ema"));
  for (const extension of ["safetensors", "bin"]) {
    const indexes = usable.filter((path) => path.endsWith(`.${extension}.index.json`));
    const sharded = await Promise.all(indexes.map((path) => shards(files, component, path, name)));
    const shard = new RegExp(`-\\d+-of-\\d+(\\.\\w+)?\\.${extension}$`);
    const whole = usable
      .filter((path) => path.endsWith(`.${extension}`) && !shard.test(path))
      .map((path): WeightSet => ({ paths: [path] }));
    const bytes = ({ paths }: WeightSet): number =>
      paths.reduce((sum, path) => sum + (files.get(path)?.byteLength ?? 0), 0);
    const [smallest] = [...sharded, ...whole].sort((a, b) => bytes(a) - bytes(b));
    if (smallest) return smallest;
  }
  return { paths: [] };
}

async function shards(
  files: ReadonlyMap<string, ByteSource>,
  component: string,
  indexPath: string,
  name: string,
): Promise<WeightSet> {
  const index = await readJson(files.get(indexPath)!);
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null) {
    throw fileFormatError(`${name}/${indexPath}`, {
      where: "weight_map",
      expected: "an object of file names",
      got: typeof map,
    });
  }
  const paths = [...new Set(Object.values(map))].map((file) => `${component}/${String(file)}`);
  for (const path of paths) {
    if (files.has(path)) continue;
    throw fileFormatError(name, {
      where: quoted(path),
      expected: `in the folder, as ${indexPath} says`,
      got: "no such file",
    });
  }
  return { paths: paths.sort(), index: indexPath };
}

async function schedulerFacts(source: ByteSource | undefined): Promise<Map<string, string>> {
  const facts = new Map<string, string>();
  if (!source) return facts;
  const config = (await readJson(source)) as Record<string, unknown> | null;
  for (const fact of SCHEDULER_FACTS) {
    const value = config?.[fact];
    if (typeof value === "string" || typeof value === "boolean")
      facts.set(`scheduler.${fact}`, String(value));
  }
  return facts;
}

/** vocab.json and merges.txt, or both out of tokenizer.json, which newer programs save alone. */
async function readTokenizer(
  take: (path: string) => ByteSource | undefined,
): Promise<DiffusersFolder["tokenizer"]> {
  for (const folder of TOKENIZER_FOLDERS) {
    const [vocabulary, merges] = [take(`${folder}/vocab.json`), take(`${folder}/merges.txt`)];
    if (vocabulary && merges)
      return { vocabJson: await readJson(vocabulary), mergesText: await readText(merges) };
    const whole = take(`${folder}/tokenizer.json`);
    if (whole) return wholeTokenizer(await readJson(whole), whole.name);
  }
  return undefined;
}

function wholeTokenizer(json: unknown, file: string): NonNullable<DiffusersFolder["tokenizer"]> {
  const { model, added_tokens: added } = (json ?? {}) as {
    model?: { vocab?: unknown; merges?: unknown };
    added_tokens?: unknown;
  };
  const { vocab, merges } = model ?? {};
  if (typeof vocab !== "object" || vocab === null || !Array.isArray(merges)) {
    throw fileFormatError(file, { where: "model", expected: "a vocabulary and merges", got: typeof vocab });
  }
  const extra = (Array.isArray(added) ? added : []) as { content?: unknown; id?: unknown }[];
  return {
    vocabJson: {
      ...vocab,
      ...Object.fromEntries(extra.map(({ content, id }) => [String(content), id])),
    },
    // Written as "a b" or as ["a", "b"].
    mergesText: merges.map((merge) => (Array.isArray(merge) ? merge.join(" ") : String(merge))).join("\n"),
  };
}

async function readJson(source: ByteSource): Promise<unknown> {
  const text = await readText(source);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw fileFormatError(
      source.name,
      { where: "the file", expected: "JSON", got: quoted(text.slice(0, 20)) },
      { cause },
    );
  }
}

async function readText(source: ByteSource): Promise<string> {
  if (source.byteLength > MAX_TEXT_BYTES) {
    throw fileFormatError(source.name, {
      where: "the file",
      expected: `at most ${MAX_TEXT_BYTES} bytes long`,
      got: `${source.byteLength} bytes`,
    });
  }
  return new TextDecoder().decode(await source.read(0, source.byteLength));
}
