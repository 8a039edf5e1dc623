// The app without a page: the same engine and library clients, driven from outside for `npm run generate`,
// `npm run upscale` and the benchmarks. It holds no generation logic; everything it does a user's page does through the same calls.

import { BenchmarkClient } from "./client/benchmark-client.ts";
import { benchmarkFiles } from "./client/benchmark-files.ts";
import { EngineClient } from "./client/engine-client.ts";
import { LibraryClient } from "./client/library-client.ts";
import { serializeError, type SerializedError } from "./protocol/app-error.ts";
import type { BenchmarkProgress, BenchmarkReport, BenchmarkRequest } from "./protocol/benchmark-api.ts";
import type { DevicePreference, DeviceReport, EngineEvent } from "./protocol/engine-api.ts";
import type {
  GeneratedPicture,
  GenerationRequest,
  GenerationSummary,
} from "./protocol/generation-request.ts";
import type { ModelRecord } from "./protocol/library-api.ts";
import type { UpscaleRequest, UpscaleSummary } from "./protocol/upscale-request.ts";

export type HeadlessRequest = GenerationRequest;

/** Bytes as base64, because only JSON leaves the page. */
export interface HeadlessPicture {
  readonly index: number;
  readonly seed: number;
  readonly png: string;
  readonly infotext: string;
}

export interface HeadlessTensor {
  readonly shape: readonly number[];
  /** Little-endian float32. */
  readonly data: string;
}

export type HeadlessGeneration =
  | {
      readonly outcome: "finished";
      readonly summary: Omit<GenerationSummary, "tensors">;
      readonly pictures: readonly HeadlessPicture[];
      readonly tensors: Readonly<Record<string, HeadlessTensor>>;
      /** Bytes; -1 where the browser does not say. */
      readonly peakHeapBytes: number;
    }
  | { readonly outcome: "failed"; readonly error: SerializedError };

/** The picture is the chosen file of the page. */
export type HeadlessUpscaleRequest = Omit<UpscaleRequest, "file" | "fileName">;

export type HeadlessUpscale =
  | {
      readonly outcome: "finished";
      readonly summary: UpscaleSummary;
      readonly png: string;
      readonly infotext: string;
    }
  | { readonly outcome: "failed"; readonly error: SerializedError };

/** Files are those chosen on the page. */
export type HeadlessBenchmarkRequest = Omit<BenchmarkRequest, "weights" | "exports" | "expected">;

export type HeadlessBenchmark =
  | { readonly outcome: "finished"; readonly report: BenchmarkReport }
  | { readonly outcome: "failed"; readonly error: SerializedError };

const HEAP_SAMPLE_MS = 50;

const baseUrl = new URL("./", location.href).href;
const engine = new EngineClient();
const library = new LibraryClient();
let onEvent: (event: EngineEvent) => void = () => undefined;

async function toBase64(blob: Blob): Promise<string> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error("The blob could not be read."));
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
}

/** Samples the page's heap; Chromium alone exposes it. */
function watchHeap(): () => number {
  const { memory } = performance as Performance & { memory?: { usedJSHeapSize: number } };
  if (!memory) return () => -1;
  let peak = memory.usedJSHeapSize;
  const timer = setInterval(() => (peak = Math.max(peak, memory.usedJSHeapSize)), HEAP_SAMPLE_MS);
  return () => {
    clearInterval(timer);
    return Math.max(peak, memory.usedJSHeapSize);
  };
}

async function start(device: DevicePreference): Promise<DeviceReport> {
  await library.start({ baseUrl });
  const report = await engine.start({ device, baseUrl });
  await engine.subscribe((event) => onEvent(event));
  return report;
}

async function importChosenFile(): Promise<ModelRecord> {
  const file = document.querySelector<HTMLInputElement>("#model-file")?.files?.[0];
  if (!file) throw new Error("No model file was chosen.");
  return library.importFile(file, () => undefined);
}

async function importChosenFolder(): Promise<ModelRecord> {
  const files = document.querySelector<HTMLInputElement>("#model-folder")?.files ?? [];
  return library.importFolder(
    [...files].map((file) => ({ path: file.webkitRelativePath, file })),
    () => undefined,
  );
}

async function generate(request: HeadlessRequest): Promise<HeadlessGeneration> {
  const pictures: GeneratedPicture[] = [];
  onEvent = (event) => {
    if (event.type === "picture") pictures.push(event.picture);
  };
  const peakHeap = watchHeap();
  try {
    const { tensors = {}, ...summary } = await engine.generate(crypto.randomUUID(), request);
    return {
      outcome: "finished",
      summary,
      pictures: await Promise.all(
        pictures.map(async ({ index, seed, infotext, file }) => ({
          index,
          seed,
          infotext,
          png: await toBase64(file),
        })),
      ),
      tensors: Object.fromEntries(
        await Promise.all(
          Object.entries(tensors).map(async ([name, { shape, data }]) => [
            name,
            { shape, data: await toBase64(new Blob([data as Float32Array<ArrayBuffer>])) },
          ]),
        ),
      ) as Record<string, HeadlessTensor>,
      peakHeapBytes: peakHeap(),
    };
  } catch (error) {
    peakHeap();
    return { outcome: "failed", error: serializeError(error) };
  }
}

async function upscaleChosenFile(request: HeadlessUpscaleRequest): Promise<HeadlessUpscale> {
  const file = document.querySelector<HTMLInputElement>("#picture-file")?.files?.[0];
  if (!file) throw new Error("No picture was chosen.");
  let picture: GeneratedPicture | undefined;
  onEvent = (event) => {
    if (event.type === "picture") picture = event.picture;
  };
  try {
    const summary = await engine.upscale(crypto.randomUUID(), { ...request, file, fileName: file.name });
    if (!picture) throw new Error("The engine delivered no picture.");
    return { outcome: "finished", summary, png: await toBase64(picture.file), infotext: picture.infotext };
  } catch (error) {
    return { outcome: "failed", error: serializeError(error) };
  }
}

/** Needs no `start`: it has a worker and a device of its own. */
async function benchmark(request: HeadlessBenchmarkRequest): Promise<HeadlessBenchmark> {
  const files = [...(document.querySelector<HTMLInputElement>("#benchmark-files")?.files ?? [])];
  const tell = (progress: BenchmarkProgress): void => void window.onKilnProgress?.(progress);
  try {
    const given = benchmarkFiles(files, request.size);
    const report = await new BenchmarkClient(baseUrl).run({ ...request, ...given }, tell);
    return { outcome: "finished", report };
  } catch (error) {
    return { outcome: "failed", error: serializeError(error) };
  }
}

const kilnHeadless = {
  start,
  listModels: () => library.listModels(),
  importChosenFile,
  importChosenFolder,
  generate,
  upscaleChosenFile,
  benchmark,
};

declare global {
  interface Window {
    kilnHeadless: typeof kilnHeadless;
    /** Set from outside, to follow what takes minutes. */
    onKilnProgress?: (progress: BenchmarkProgress) => unknown;
  }
}

window.kilnHeadless = kilnHeadless;
