// Finds the models that a listing of files holds as folders: which files each consists of, in which forms it is offered. Knows
// paths and sizes only; asks nobody anything.

import { isShardOf, shardIndexStem } from "../../protocol/model-file-name.ts";

/** One file of a listing. */
export interface ListedFile {
  /** With "/" between its parts. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256?: string;
  readonly gitHash?: string;
}

/** One form of a model that is a folder. */
export interface FolderModel {
  /** Of the folder, with a final "/"; empty for the listing's own. */
  readonly root: string;
  /** "fp16" and the like; empty for weights without such a name. */
  readonly variant: string;
  readonly files: readonly ListedFile[];
  /** Shards of one checkpoint: nothing else of their folder belongs to it. */
  readonly alone?: true;
}

const INDEX_FILE = "model_index.json";
const COMPONENTS = ["unet", "vae", "text_encoder", "text_encoder_2"];
const SCHEDULER_CONFIG = "scheduler/scheduler_config.json";
const TOKENIZER_FOLDERS = ["tokenizer", "tokenizer_2"];
// What diffusers and transformers call weights; anything else beside them (openvino_model.bin, ...) is for other programs.
const WEIGHT_STEMS = ["diffusion_pytorch_model", "model", "pytorch_model"];
/** In the order in which they are taken: what both have is taken as safetensors. */
const FORMATS = ["safetensors", "bin"];
const UNUSABLE_VARIANT = "non_ema";
// Half the bytes, and nothing that shows in a picture is lost.
const PREFERRED_VARIANT = "fp16";

// Models that are published as graphs have these, with the files of weights that a graph names beside it.
const GRAPH_FOLDERS = ["unet", "vae_decoder", "vae_encoder", "text_encoder", "text_encoder_2"];
const GRAPH = ".onnx";
const GRAPH_VARIANT = "ONNX";

interface WeightFile {
  readonly file: ListedFile;
  readonly format: string;
  readonly variant: string;
  /** Of sharded weights: how many there are in all. The index that names them has none. */
  readonly shards?: number;
  readonly isIndex: boolean;
}

/** Models in the order of the listing; of each the forms with the one to offer first at the front. */
export function folderModels(listed: readonly ListedFile[]): readonly FolderModel[] {
  const roots = [...new Set(listed.flatMap(({ path }) => rootOf(path) ?? []))];
  const outermost = roots.filter((root) => !roots.some((other) => other !== root && root.startsWith(other)));
  const loose = listed.filter(({ path }) => !outermost.some((root) => path.startsWith(root)));
  return [...outermost.flatMap((root) => formsOf(root, listed)), ...shardedFiles(loose)];
}

/** Checkpoints in shards beside the index that names them, where all are there. */
function shardedFiles(listed: readonly ListedFile[]): readonly FolderModel[] {
  const sets = listed.flatMap((index) => {
    const stem = shardIndexStem(index.path);
    if (stem === undefined) return [];
    const shards = listed.filter(({ path }) => isShardOf(stem, path));
    const count = Number(/-of-(\d{5})\.safetensors$/.exec(shards[0]?.path ?? "")?.[1]);
    if (shards.length !== count) return [];
    return { stem, files: [index, ...shards.toSorted((a, b) => (a.path < b.path ? -1 : 1))] };
  });
  return sets.map(({ stem, files }) => {
    const root = stem.slice(0, stem.lastIndexOf("/") + 1);
    const others = sets.some((other) => other.stem !== stem && other.stem.startsWith(root));
    return { root, variant: others ? stem.slice(root.length) : "", files, alone: true };
  });
}

/** The folder that a file tells to be a model's: its index, or the graph of its UNet where there is none. */
function rootOf(path: string): string | undefined {
  const match = /^(.*\/)?(?:model_index\.json|unet\/[^/]+\.onnx)$/.exec(path);
  return match ? (match[1] ?? "") : undefined;
}

function formsOf(root: string, listed: readonly ListedFile[]): readonly FolderModel[] {
  const files = new Map(
    listed.filter(({ path }) => path.startsWith(root)).map((file) => [file.path.slice(root.length), file]),
  );
  const weights = COMPONENTS.map((component) => weightsOf(component, files));
  // Without these it is a model of another architecture, or of graphs.
  const [unet] = weights;
  const variants = files.has(INDEX_FILE) ? [...new Set(unet.map(({ variant }) => variant))] : [];
  const forms = variants.flatMap((variant) => {
    const sets = weights.map((all) => (all.length === 0 ? [] : chooseSet(all, variant)));
    if (sets.some((set) => set === undefined) || sets[0]?.length === 0) return [];
    const chosen = sets.flatMap((set) => set ?? []);
    const text = (path: string): ListedFile[] => [path].flatMap((each) => files.get(each) ?? []);
    const all = [...text(INDEX_FILE), ...chosen, ...text(SCHEDULER_CONFIG), ...tokenizerFiles(files)];
    return { root, variant, files: all, mixed: sets.some((set) => isMixed(set ?? [], variant, root)) };
  });
  const rank = ({ variant, mixed }: (typeof forms)[number]): number => {
    if (variant === PREFERRED_VARIANT) return mixed ? 2 : 0;
    return variant === "" ? 1 : 3;
  };
  if (forms.length === 0) return graphForm(root, files);
  return forms
    .sort((a, b) => rank(a) - rank(b))
    .map(({ mixed, ...form }) => {
      void mixed;
      return form;
    });
}

/** One graph of each network, of several precisions the preferred one, with all that may belong to it. */
function graphForm(root: string, files: ReadonlyMap<string, ListedFile>): readonly FolderModel[] {
  const text = (path: string): ListedFile[] => [path].flatMap((each) => files.get(each) ?? []);
  const graphs = GRAPH_FOLDERS.map((folder) => {
    const inside = [...files].filter(
      ([path]) => path.startsWith(`${folder}/`) && path.split("/").length === 2,
    );
    const names = inside.flatMap(([path]) => (path.endsWith(GRAPH) ? path : []));
    const stem = /^[^.]*/;
    const graph =
      names.find((path) => path.includes(PREFERRED_VARIANT)) ??
      names.find((path) => path === `${folder}/model${GRAPH}`) ??
      names.at(0);
    if (graph === undefined) return [];
    const others = names.filter((path) => path !== graph);
    return inside.flatMap(([path, file]) => {
      if (path === graph || path === `${folder}/config.json`) return file;
      const ofAnother = others.some((other) => path.startsWith(`${stem.exec(other)![0]}.`));
      return !ofAnother && /\.(onnx[._]data(_\d+)?|data|pb)$/.test(path) ? file : [];
    });
  });
  if (graphs[0].length === 0) return [];
  const all = [...text(INDEX_FILE), ...graphs.flat(), ...text(SCHEDULER_CONFIG), ...tokenizerFiles(files)];
  return [{ root, variant: GRAPH_VARIANT, files: all }];
}

/** Files of one folder that are weights, as complete sets only. */
function weightsOf(component: string, files: ReadonlyMap<string, ListedFile>): readonly WeightFile[] {
  const all = [...files].flatMap(([path, file]) => {
    const [folder, name, ...rest] = path.split("/");
    return folder === component && name !== undefined && rest.length === 0
      ? (parseWeights(name, file) ?? [])
      : [];
  });
  return all.filter(({ format, variant, shards, isIndex }) => {
    const set = all.filter((other) => other.format === format && other.variant === variant);
    const sharded = set.filter((other) => other.shards !== undefined);
    const isComplete = sharded.length === sharded[0]?.shards && set.some((other) => other.isIndex);
    // A single file and shards of the same weights lie beside each other in some repositories; the file is simpler.
    const single = set.some((other) => other.shards === undefined && !other.isIndex);
    return shards === undefined && !isIndex ? true : isComplete && !single;
  });
}

// "diffusion_pytorch_model", then ".fp16", "-00001-of-00002" and the format; older programs put the variant behind the shard.
function parseWeights(name: string, file: ListedFile): WeightFile | undefined {
  const index = /^(.+)\.index(\.\w+)?\.json$/.exec(name);
  const weights = index ? index[1] : name;
  const shard = /-(\d{5})-of-(\d{5})/.exec(weights);
  const parts = weights.replace(shard?.[0] ?? "", "").split(".");
  const format = parts.pop() ?? "";
  const [stem, variant = index?.[2]?.slice(1) ?? "", ...rest] = parts;
  if (!FORMATS.includes(format) || !WEIGHT_STEMS.includes(stem) || rest.length > 0) return undefined;
  if (variant === UNUSABLE_VARIANT) return undefined;
  return { file, format, variant, isIndex: index !== null, ...(shard && { shards: Number(shard[2]) }) };
}

/** The weights of one component: this variant's, else those without a name; undefined when there are neither. */
function chooseSet(all: readonly WeightFile[], variant: string): ListedFile[] | undefined {
  for (const wanted of [variant, ""]) {
    for (const format of FORMATS) {
      const set = all.filter((file) => file.format === format && file.variant === wanted);
      if (set.length === 0) continue;
      // The index first, then the shards in order: how a dropped folder is stored too.
      const ordered = set.toSorted(
        (a, b) => Number(b.isIndex) - Number(a.isIndex) || (a.file.path < b.file.path ? -1 : 1),
      );
      return ordered.map(({ file }) => file);
    }
  }
  return undefined;
}

function isMixed(set: readonly ListedFile[], variant: string, root: string): boolean {
  return set.some(({ path }) => variant !== "" && !path.slice(root.length).includes(`.${variant}`));
}

/** What one tokenizer needs: vocabulary and merges, or both in one file. */
function tokenizerFiles(files: ReadonlyMap<string, ListedFile>): ListedFile[] {
  for (const folder of TOKENIZER_FOLDERS) {
    const both = ["vocab.json", "merges.txt"].flatMap((name) => files.get(`${folder}/${name}`) ?? []);
    if (both.length === 2) return both;
    const whole = files.get(`${folder}/tokenizer.json`);
    if (whole) return [whole];
  }
  return [];
}
