// An engine and a library for tests of the page: plain arithmetic, no models. Everything they answer can be steered.

import { readPictureInfotext } from "../../src/imaging/picture-infotext.ts";
import { insertPngText } from "../../src/imaging/png-text.ts";
import { upscaledInfotext } from "../../src/imaging/upscale-infotext.ts";
import { AppError } from "../../src/protocol/app-error.ts";
import type {
  DeviceReport,
  EngineEvent,
  EngineStart,
  LatentPreview,
  TokenCount,
} from "../../src/protocol/engine-api.ts";
import type { GenerationRequest, GenerationSummary } from "../../src/protocol/generation-request.ts";
import type {
  CheckpointRecord,
  FolderEntry,
  ImportProgress,
  LibraryWorkerApi,
  ModelRecord,
} from "../../src/protocol/library-api.ts";
import type { UpscaleRequest, UpscaleSummary } from "../../src/protocol/upscale-request.ts";
import type { RestartableEngine } from "../../src/ui/controllers/generation-controller.ts";
import { FakeCatalog } from "./fake-catalog.ts";
import { FakeDownloads } from "./fake-downloads.ts";
import {
  FakeHashing,
  FakeLibraryStorage,
  FakeLinkedFiles,
  FakeWatchedFolders,
} from "./fake-library-parts.ts";
import { FakeMetadata } from "./fake-metadata.ts";

export interface FakeEngineOptions {
  /** Steps and tiles take this long, unless they are interrupted, skipped or hurried. */
  stepMs?: number;
  /** The next job rejects with this. */
  failWith?: AppError;
  readonly device?: Partial<DeviceReport>;
}

const DEVICE: DeviceReport = {
  device: "wasm",
  precision: "float32",
  threads: 2,
  description: "WebAssembly SIMD, 2 threads",
  reason: "This browser has no WebGPU adapter of its own, so the CPU does the work.",
};

/** A landscape-like gradient that sharpens with the steps, so that screenshots look like what they show. */
export function paint(width: number, height: number, seed: number, sharpness: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  const hue = (seed * 47) % 360;
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, `hsl(${hue} 55% 45%)`);
  sky.addColorStop(0.55, `hsl(${(hue + 50) % 360} 75% 70%)`);
  sky.addColorStop(1, `hsl(${(hue + 200) % 360} 40% 30%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.globalAlpha = sharpness;
  context.fillStyle = `hsl(${(hue + 30) % 360} 85% 80%)`;
  context.beginPath();
  context.arc(width * 0.3, height * 0.3, height * 0.09, 0, 7);
  context.fill();
  for (let layer = 0; layer < 3; layer++) {
    context.fillStyle = `hsl(${(hue + 190) % 360} ${30 + layer * 6}% ${38 - layer * 9}%)`;
    context.beginPath();
    context.moveTo(0, height);
    for (let x = 0; x <= width; x += width / 16) {
      const wave =
        Math.sin(x / width / 0.13 + seed + layer * 2) * 0.07 + Math.sin(x / width / 0.05 + seed) * 0.02;
      context.lineTo(x, height * (0.58 + layer * 0.13 + wave));
    }
    context.lineTo(width, height);
    context.fill();
  }
  return canvas;
}

function previewOf(request: GenerationRequest, seed: number, fraction: number): LatentPreview {
  const [width, height] = [request.width / 8, request.height / 8];
  const pixels = paint(width, height, seed, fraction)
    .getContext("2d")!
    .getImageData(0, 0, width, height).data;
  const noise = 110 * (1 - fraction);
  for (let i = 0; i < pixels.length; i++) if (i % 4 < 3) pixels[i] += (Math.random() - 0.5) * noise;
  return { width, height, pixels: new Uint8ClampedArray(pixels) };
}

const TILES = 4;

export class FakeEngine implements RestartableEngine {
  readonly options: FakeEngineOptions;
  readonly requests: GenerationRequest[] = [];
  readonly upscales: UpscaleRequest[] = [];
  readonly starts: EngineStart[] = [];
  #listener: (event: EngineEvent) => void | Promise<void> = () => undefined;
  #interrupted = new Set<string>();
  #skipped = false;
  #wake: () => void = () => undefined;

  constructor(options: FakeEngineOptions = {}) {
    this.options = options;
  }

  start(options: EngineStart): Promise<DeviceReport> {
    this.starts.push(options);
    return Promise.resolve({ ...DEVICE, ...this.options.device });
  }

  restart(): Promise<DeviceReport> {
    return Promise.resolve({ ...DEVICE, ...this.options.device });
  }

  subscribe(listener: (event: EngineEvent) => void | Promise<void>): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  async generate(jobId: string, request: GenerationRequest): Promise<GenerationSummary> {
    this.requests.push(request);
    const pictures = request.batchCount * request.batchSize;
    await this.#listener({ type: "loading", jobId, component: "unet", fraction: 0.5 });
    await sleep(5);
    let made = 0;
    for (let index = 0; index < pictures && !this.#interrupted.has(jobId); index++) {
      this.#skipped = false;
      for (let step = 1; step <= request.steps && !this.#skipped && !this.#interrupted.has(jobId); step++) {
        const fraction = (index + step / request.steps) / pictures;
        const stepMs = this.#stepMs;
        const secondsLeft = ((1 - fraction) * pictures * request.steps * stepMs) / 1000;
        const preview = request.preview
          ? previewOf(request, request.seed + index, step / request.steps)
          : undefined;
        const { steps } = request;
        await this.#listener({
          type: "step",
          jobId,
          picture: index,
          pictures,
          step,
          steps,
          secondsPerStep: stepMs / 1000,
          secondsLeft,
          fraction,
          preview,
        });
        await this.#work();
        if (this.options.failWith && step === Math.ceil(request.steps / 2)) {
          const error = this.options.failWith;
          this.options.failWith = undefined;
          throw error;
        }
      }
      if (this.#skipped || this.#interrupted.has(jobId)) continue;
      await this.#deliver(jobId, request, index);
      made++;
    }
    const outcome = this.#interrupted.has(jobId) ? "interrupted" : "finished";
    const stepMs = this.#stepMs;
    const phaseSeconds = { load: 0.4, text: 0.1, steps: (request.steps * stepMs) / 1000, decode: 0.6 };
    return {
      jobId,
      outcome,
      warnings: [],
      pictures: made,
      phaseSeconds,
      secondsPerStep: stepMs / 1000,
      overheadShare: 0.02,
    };
  }

  async #deliver(jobId: string, request: GenerationRequest, index: number): Promise<void> {
    const { width, height, steps, sampler, schedule, guidanceScale } = request;
    const seed = request.seed + index;
    const picture = await paint(width, height, seed, 1).convertToBlob({ type: "image/png" });
    const negative = request.negativePrompt ? `Negative prompt: ${request.negativePrompt}\n` : "";
    const infotext =
      `${request.prompt}\n${negative}Steps: ${steps}, Sampler: ${sampler}, Schedule type: ${schedule}, ` +
      `CFG scale: ${guidanceScale}, Seed: ${seed}, Size: ${width}x${height}, Model hash: 0123456789, Model: Kiln Small, RNG: CPU, Version: Kiln 0.1.0`;
    const png = insertPngText(new Uint8Array(await picture.arrayBuffer()), { parameters: infotext });
    const file = new Blob([png], { type: "image/png" });
    await this.#listener({
      type: "picture",
      jobId,
      picture: { jobId, index, seed, width, height, file, infotext },
    });
  }

  async upscale(jobId: string, request: UpscaleRequest): Promise<UpscaleSummary> {
    this.upscales.push(request);
    const stepMs = this.#stepMs;
    const seconds = { load: 0.1, tiles: (TILES * stepMs) / 1000 };
    const end = { jobId, seconds, tileSize: 192, secondsPerTile: stepMs / 1000 };
    await this.#listener({ type: "started", jobId });
    const bitmap = await createImageBitmap(request.file).catch(() => {
      throw new AppError("FileFormat", `${request.fileName} could not be read as a picture.`, {
        where: request.fileName,
        expected: "a picture",
      });
    });
    for (let tile = 1; tile <= TILES; tile++) {
      if (this.#interrupted.has(jobId)) return { ...end, outcome: "interrupted", width: 0, height: 0 };
      const fraction = tile / TILES;
      const secondsLeft = ((TILES - tile) * stepMs) / 1000;
      const place = { pass: 1, passes: 1, tile, tiles: TILES, secondsPerTile: stepMs / 1000 };
      await this.#listener({ type: "tile", jobId, ...place, secondsLeft, fraction });
      await this.#work();
      if (this.options.failWith) {
        const error = this.options.failWith;
        this.options.failWith = undefined;
        throw error;
      }
    }
    const { target } = request;
    const factor = target.kind === "factor" ? target.factor : target.width / bitmap.width;
    const [width, height] = [bitmap.width * factor, bitmap.height * factor];
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0, width, height);
    const file = await canvas.convertToBlob({ type: "image/png" });
    const original = readPictureInfotext(new Uint8Array(await request.file.arrayBuffer()));
    const infotext = upscaledInfotext({ original, target, upscalerName: "Fake", version: "Kiln 0.1.0" });
    const picture = { jobId, index: 0, seed: 0, width, height, file, infotext };
    await this.#listener({ type: "picture", jobId, picture });
    return { ...end, outcome: "finished", width, height };
  }

  /** Goes on at once, and quickly from here on. */
  hurry(): void {
    this.options.stepMs = 5;
    this.#wake();
  }

  get #stepMs(): number {
    return this.options.stepMs ?? 5;
  }

  async #work(): Promise<void> {
    await Promise.race([sleep(this.#stepMs), new Promise<void>((resolve) => (this.#wake = resolve))]);
  }

  skip(): Promise<void> {
    this.#skipped = true;
    this.#wake();
    return Promise.resolve();
  }

  interrupt(jobId: string): Promise<void> {
    this.#interrupted.add(jobId);
    this.#wake();
    return Promise.resolve();
  }

  countTokens(_: string, text: string): Promise<TokenCount> {
    const tokens = text.split(/[\s,]+/).filter(Boolean).length;
    return Promise.resolve({ tokens, capacity: 75 * Math.max(1, Math.ceil(tokens / 75)) });
  }

  unload(): Promise<void> {
    return Promise.resolve();
  }
}

export const SMALL_MODEL: CheckpointRecord = {
  id: "kiln-small",
  name: "Kiln Small",
  type: "checkpoint",
  family: "sd1",
  bytes: 24_300_000,
  sha256: "0123456789".padEnd(64, "0"),
  origin: "embedded",
  fileName: "kiln-small.safetensors",
  dtype: "F16",
  defaults: {
    width: 256,
    height: 256,
    steps: 12,
    guidanceScale: 5,
    sampler: "DPM++ 2M",
    schedule: "Karras",
    clipSkip: 1,
  },
  needs: { memoryBytes: 400_000_000, features: [] },
  license: "CC0-1.0",
  addedAt: 0,
};

export class FakeLibrary implements LibraryWorkerApi {
  models: ModelRecord[] = [SMALL_MODEL];
  readonly downloads = new FakeDownloads();
  readonly metadata = new FakeMetadata(() => this.models);
  readonly civitai = new FakeCatalog();
  readonly storage = new FakeLibraryStorage(() => this.models);
  readonly hashes = new FakeHashing();
  readonly folders = new FakeWatchedFolders();
  readonly links = new FakeLinkedFiles();
  /** The next import rejects with this. */
  failWith?: AppError;

  start(): Promise<void> {
    return Promise.resolve();
  }

  listModels(): Promise<readonly ModelRecord[]> {
    return Promise.resolve([...this.models]);
  }

  async importFile(file: File, onProgress: (progress: ImportProgress) => void): Promise<ModelRecord> {
    for (let part = 1; part <= 4; part++) {
      onProgress({ fileName: file.name, bytesDone: (file.size * part) / 4, bytesTotal: file.size });
      await sleep(5);
    }
    if (this.failWith) throw this.failWith;
    const name = file.name.replace(/\.safetensors$/, "");
    const record: ModelRecord = {
      ...SMALL_MODEL,
      id: name,
      name,
      fileName: file.name,
      bytes: file.size,
      origin: "imported",
      license: "unknown",
      defaults: { ...SMALL_MODEL.defaults, width: 512, height: 512, steps: 20, guidanceScale: 7 },
    };
    this.models.push(record);
    return record;
  }

  importFolder(
    entries: readonly FolderEntry[],
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ModelRecord> {
    const name = entries[0].path.split("/")[0];
    return this.importFile(
      new File(
        entries.map(({ file }) => file),
        name,
      ),
      onProgress,
    );
  }

  async linkFile(
    handle: FileSystemFileHandle,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ModelRecord> {
    const file = await handle.getFile();
    const record = {
      ...(await this.importFile(file, onProgress)),
      linked: { modifiedAt: file.lastModified },
    };
    this.models = [...this.models.slice(0, -1), record];
    this.links.files = [...this.links.files, { modelId: record.id, handle, state: "ready" }];
    return record;
  }

  removeModel(id: string): Promise<void> {
    this.models = this.models.filter((model) => model.id !== id);
    return Promise.resolve();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
