// Opens a model that is published as a folder of files (model_index.json beside unet/, vae/, text_encoder/, ...) as one
// checkpoint, with each file's keys behind its folder's name; or a checkpoint that is published in shards, with the index that
// names them and no such folders, whose keys stay as they are. Detection reads both like any other file. Knows no tensor.
//
// Who drops or stores a folder gives all of its files with their paths; weights that are not needed are never read. The
// checkpoint's source is those weight files, one behind the other, so its byte ranges stay valid as long as the same files
// are given in the same order; to store a folder, keep `DiffusersFolder.files`, and nothing else of it.

import type { ByteSource } from "./byte-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { fileFormatError, quoted } from "./file-format.ts";
import { findFolderTokenizer, readJson, readSchedulerFacts, type ReadTokenizer } from "./folder-texts.ts";
import { joinSources, partStarts } from "./joined-source.ts";
import { openCheckpoint } from "./open-checkpoint.ts";
import type { TensorInfo } from "./tensor-info.ts";

/** `path` with "/" between its parts, as a dropped folder gives it: "my-model/unet/config.json". */
export interface FolderFile {
  readonly path: string;
  readonly source: ByteSource;
}

export interface DiffusersFolder {
  /** Keys are `unet.…`, `vae.…`, `text_encoder.…`, `text_encoder_2.…`; metadata holds `scheduler.…` (see folder-texts.ts). */
  readonly checkpoint: Checkpoint;
  /** The model's own vocabulary and merges, where the folder has them; rejects with FileFormat. */
  readonly readTokenizer?: ReadTokenizer;
  /** Those of the given files that the model consists of, with paths below the model's own folder. */
  readonly files: readonly FolderFile[];
}

const INDEX_FILE = "model_index.json";
const COMPONENTS = ["unet", "vae", "text_encoder", "text_encoder_2"] as const;
// In the given folder itself: deeper ones are of a network whose folder's index is missing.
const SHARD_INDEX = /^(?:[^/]+\/)?[^/]+\.safetensors\.index\.json$/;

/** The folder of the model among these paths, with a final "/" or empty; undefined when they are no folder of weights. */
export function diffusersRoot(paths: readonly string[]): string | undefined {
  const shortest = (found: readonly string[]): string | undefined =>
    found
      .map((path) => path.slice(0, path.lastIndexOf("/") + 1))
      .sort((a, b) => a.length - b.length)
      .at(0);
  const folder = shortest(paths.filter((path) => path === INDEX_FILE || path.endsWith(`/${INDEX_FILE}`)));
  return folder ?? shortest(paths.filter((path) => SHARD_INDEX.test(path)));
}

/**
 * @param name for messages and for recognition by name: the folder's.
 * @throws AppError FileFormat that names the file, what was expected and what was got.
 */
export async function openDiffusersFolder(
  given: readonly FolderFile[],
  name: string,
): Promise<DiffusersFolder> {
  const paths = given.map(({ path }) => path);
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
  // Without the folder's index there is nothing but the shards of one checkpoint.
  const lone = files.has(INDEX_FILE) ? undefined : [...files.keys()].find((path) => SHARD_INDEX.test(path));
  for (const component of lone === undefined ? COMPONENTS : [""]) {
    const { index, paths } = await (lone === undefined
      ? weightFiles(files, component, name)
      : shards(files, component, lone, name));
    if (index !== undefined) take(index);
    for (const path of paths) weights.push({ component, source: take(path)! });
  }
  const starts = partStarts(weights.map(({ source }) => source));
  const tensors = new Map<string, TensorInfo>();
  const metadata = await readSchedulerFacts(take);
  for (const [i, { component, source }] of weights.entries()) {
    const part = await openCheckpoint(source);
    for (const tensor of part.tensors.values()) {
      const key = (component && `${component}.`) + tensor.key;
      tensors.set(key, { ...tensor, key, start: starts[i] + tensor.start, end: starts[i] + tensor.end });
    }
    for (const [entry, value] of part.metadata) if (!metadata.has(entry)) metadata.set(entry, value);
  }
  const source = joinSources(
    weights.map((part) => part.source),
    name,
  );
  const readTokenizer = findFolderTokenizer(take);
  return {
    checkpoint: { source, tensors, metadata },
    ...(readTokenizer && { readTokenizer }),
    files: [...used].map(([path, file]) => ({ path, source: file })),
  };
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
  const paths = [...new Set<unknown>(Object.values(map))].map((file) => {
    if (typeof file === "string") return (component && `${component}/`) + file;
    throw fileFormatError(`${name}/${indexPath}`, {
      where: "weight_map",
      expected: "names of files",
      got: typeof file,
    });
  });
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
