// Opens a model that is published as ONNX graphs in a folder: every graph with the files that hold its weights, and what the folder
// says beside them. Which graph is which network, and which of several are used, is models/exports/.
//
// As with a Diffusers folder, who stores it keeps the files that the model consists of, and opens those again.

import type { ByteSource } from "../byte-source.ts";
import { diffusersRoot, type FolderFile } from "../diffusers-folder.ts";
import { fileFormatError, quoted } from "../file-format.ts";
import { findFolderTokenizer, readJson, readSchedulerFacts, type ReadTokenizer } from "../folder-texts.ts";
import { readOnnxFile, type OnnxFile, type OnnxWeight } from "./onnx-file.ts";

export interface FolderGraph {
  /** Below the model's own folder. */
  readonly path: string;
  readonly file: OnnxFile;
  /** The files of weights that it names, by the names that it gives them; those that are not there are absent. */
  readonly beside: ReadonlyMap<string, FolderFile>;
}

export interface OnnxFolder {
  readonly name: string;
  readonly graphs: readonly FolderGraph[];
  /** The `config.json` of each folder that has one, hostile until checked. */
  readonly configs: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** What the scheduler is configured with: "scheduler.prediction_type". */
  readonly metadata: ReadonlyMap<string, string>;
  readonly readTokenizer?: ReadTokenizer;
  /** Files beside the graphs that the above was read from. */
  readonly texts: readonly FolderFile[];
}

// Several precisions of five networks are published together.
const MAX_GRAPHS = 64;
const CONFIG = /^(?:(.*)\/)?config\.json$/;

/** Graphs without the weights that they were made from. */
export function isOnnxFolder(paths: readonly string[]): boolean {
  const isWeights = (path: string): boolean => /\.(safetensors|bin)$/.test(path);
  return paths.some((path) => path.endsWith(".onnx")) && !paths.some(isWeights);
}

/** The folder of the model among these paths, with a final "/" or empty. */
export function onnxRoot(paths: readonly string[]): string {
  const folders = paths
    .filter((path) => path.endsWith(".onnx"))
    .map((path) => path.slice(0, path.lastIndexOf("/") + 1));
  const common = folders.reduce((shared, folder) => {
    while (!folder.startsWith(shared))
      shared = shared.slice(0, shared.lastIndexOf("/", shared.length - 2) + 1);
    return shared;
  }, folders[0] ?? "");
  const index = diffusersRoot(paths);
  return index !== undefined && common.startsWith(index) ? index : common;
}

/** @throws AppError FileFormat that names the file, what was expected and what was got. */
export async function openOnnxFolder(given: readonly FolderFile[], name: string): Promise<OnnxFolder> {
  const root = onnxRoot(given.map(({ path }) => path));
  const files = new Map(
    given
      .filter(({ path }) => path.startsWith(root))
      .map(({ path, source }) => [path.slice(root.length), source]),
  );
  const used = new Map<string, ByteSource>();
  const take = (path: string): ByteSource | undefined => {
    const source = files.get(path);
    if (source) used.set(path, source);
    return source;
  };
  take("model_index.json");
  const graphPaths = [...files.keys()].filter((path) => path.endsWith(".onnx")).sort();
  if (graphPaths.length > MAX_GRAPHS)
    throw fileFormatError(name, {
      where: "the folder",
      expected: `at most ${MAX_GRAPHS} graphs`,
      got: `${graphPaths.length}`,
    });
  const graphs: FolderGraph[] = [];
  for (const path of graphPaths) graphs.push(await openGraph(path, files));
  const configs = new Map<string, Readonly<Record<string, unknown>>>();
  for (const path of files.keys()) {
    const match = CONFIG.exec(path);
    if (!match) continue;
    const config = await readJson(take(path)!);
    if (typeof config === "object" && config !== null)
      configs.set(match[1] ?? "", config as Record<string, unknown>);
  }
  const readTokenizer = findFolderTokenizer(take);
  return {
    name,
    graphs,
    configs,
    metadata: await readSchedulerFacts(take),
    ...(readTokenizer && { readTokenizer }),
    texts: [...used].map(([path, source]) => ({ path, source })),
  };
}

async function openGraph(path: string, files: ReadonlyMap<string, ByteSource>): Promise<FolderGraph> {
  const file = await readOnnxFile(files.get(path)!);
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const beside = new Map<string, FolderFile>();
  for (const { place } of file.weights) {
    if (place.kind === "inside" || beside.has(place.file)) continue;
    const besidePath = folder + place.file.replaceAll("\\", "/");
    const source = files.get(besidePath);
    if (source) beside.set(place.file, { path: besidePath, source });
  }
  return { path, file, beside };
}

export interface WeightRange {
  readonly source: ByteSource;
  readonly start: number;
  readonly end: number;
}

/** Where a weight's bytes are. @throws AppError FileFormat when its file is not there, or too short. */
export function weightRange({ path, file, beside }: FolderGraph, { name, place }: OnnxWeight): WeightRange {
  if (place.kind === "inside") return { source: file.source, start: place.range[0], end: place.range[1] };
  const source = beside.get(place.file)?.source;
  if (!source)
    throw fileFormatError(path, {
      where: `the weights of ${quoted(name)}`,
      expected: `in the file ${quoted(place.file)} beside it`,
      got: "no such file; drop the folder with all of its files",
    });
  const start = place.offset;
  const end = start + (place.length ?? 0);
  if (end <= source.byteLength) return { source, start, end };
  throw fileFormatError(place.file, {
    where: `the weights of ${quoted(name)}`,
    expected: `up to byte ${end}`,
    got: `a file of ${source.byteLength} bytes`,
  });
}
