// One upscaling job from a picture file to the delivered result: loads the upscaler, chooses tiles, reports, measures.
// How tiles are cut and blended is the pipeline's; queueing is the engine's.

import type { RgbaPixels } from "../imaging/pixels.ts";
import { parseInfotext } from "../imaging/infotext.ts";
import { recipeFromInfotext } from "../imaging/infotext-recipe.ts";
import { readPictureInfotext } from "../imaging/picture-infotext.ts";
import { insertPngText } from "../imaging/png-text.ts";
import type { Size } from "../imaging/resize.ts";
import type { Tiling } from "../imaging/tiles.ts";
import { upscaledInfotext } from "../imaging/upscale-infotext.ts";
import type { OrtRuntime } from "../ort/ort-runtime.ts";
import {
  defaultTiling,
  MIN_TILE_SIZE,
  resample,
  tilingWithin,
  upscale,
  type UpscaleProgress,
  type Upscaler,
} from "../pipeline/upscale.ts";
import { cropToMiddle, resolveTarget } from "../pipeline/upscale-target.ts";
import { AppError, isAppError } from "../protocol/app-error.ts";
import type { EngineEvent } from "../protocol/engine-api.ts";
import type { ResampleFilter, UpscaleRequest, UpscaleSummary } from "../protocol/upscale-request.ts";
import type { JobControl } from "./job-queue.ts";
import { largestTensor } from "./memory-policy.ts";
import type { ModelLoader } from "./model-loader.ts";
import type { OpenedUpscaler } from "./opened-model.ts";
import { createUpscaler } from "./ort-components.ts";
import type { EncodePng } from "./picture-file.ts";

/** A picture file's pixels; rejects with FileFormat or OutOfMemory that name the file. */
export type DecodePicture = (file: Blob, name: string) => Promise<RgbaPixels>;

export interface UpscaleJob {
  readonly jobId: string;
  readonly request: UpscaleRequest;
  readonly control: JobControl;
  readonly runtime: OrtRuntime;
  readonly loader: ModelLoader;
  readonly decodePicture: DecodePicture;
  readonly encodePng: EncodePng;
  /** Of the program: "0.1.0". */
  readonly version: string;
  emit(event: EngineEvent): void;
  /** Awaited: the picture is stored before the job ends. */
  deliver(event: EngineEvent & { readonly type: "picture" }): Promise<void>;
}

const FILTERS: Readonly<
  Record<ResampleFilter, { readonly name: string; readonly kernel: "lanczos" | "area" }>
> = {
  lanczos: { name: "Lanczos", kernel: "lanczos" },
  nearest: { name: "Nearest", kernel: "area" }, // each pixel of the result is the one it lies in
};

/** The newest tile weighs this much in the running mean: the first one compiles shaders and is slow. */
const NEWEST_WEIGHT = 0.3;

/** Of a job that never started. */
export function interruptedUpscale(jobId: string): UpscaleSummary {
  const seconds = { load: 0, tiles: 0 };
  return { jobId, outcome: "interrupted", width: 0, height: 0, seconds, tileSize: 0, secondsPerTile: 0 };
}

/** Rejects with what went wrong; an interrupted job resolves. */
export async function runUpscaleJob(job: UpscaleJob): Promise<UpscaleSummary> {
  const run = new UpscaleRun(job);
  try {
    return await run.run();
  } catch (error) {
    if (job.control.interrupted.aborted && isAppError(error, "Interrupted"))
      return interruptedUpscale(job.jobId);
    throw error;
  }
}

interface Enlarged {
  readonly pixels: RgbaPixels;
  readonly upscalerName: string;
}

class UpscaleRun {
  readonly #job: UpscaleJob;
  #loadSeconds = 0;
  #tileSeconds = 0;
  #tiles = 0;
  #tileSize = 0;
  #secondsPerPixel: number | undefined;
  /** Of the tile being run. */
  #current = { seconds: 0, pixels: 0 };

  constructor(job: UpscaleJob) {
    this.#job = job;
  }

  async run(): Promise<UpscaleSummary> {
    const { jobId, request } = this.#job;
    const picture = await this.#job.decodePicture(request.file, request.fileName);
    const { enlarged, kept } = resolveTarget(picture, request.target);
    const { pixels, upscalerName } = await this.#enlarge(picture, enlarged);
    const result = cropToMiddle(pixels, kept);
    this.#job.control.interrupted.throwIfAborted();
    await this.#deliver(result, upscalerName);
    return {
      jobId,
      outcome: "finished",
      width: result.width,
      height: result.height,
      seconds: { load: this.#loadSeconds, tiles: this.#tileSeconds },
      tileSize: this.#tileSize,
      secondsPerTile: this.#tiles === 0 ? 0 : this.#tileSeconds / this.#tiles,
    };
  }

  async #enlarge(picture: RgbaPixels, target: Size): Promise<Enlarged> {
    const { request, loader } = this.#job;
    if (request.upscaler.kind === "resample") {
      const { name, kernel } = FILTERS[request.upscaler.filter];
      return { pixels: resample(picture, target, kernel), upscalerName: name };
    }
    const { modelId } = request.upscaler;
    const model = await this.#whileLoading(() => loader.openUpscaler(modelId));
    const pixels = await this.#rightNumbers(model, () => this.#runTiles(model, picture, target));
    return { pixels, upscalerName: model.record.fileName.replace(/\.[^.]+$/, "") };
  }

  /** float16 overflows with some models where float32 does not, so wrong numbers get one more chance. */
  async #rightNumbers<T>(model: OpenedUpscaler, task: () => Promise<T>): Promise<T> {
    const { loader } = this.#job;
    try {
      return await task();
    } catch (error) {
      if (!isAppError(error, "NumericFailure") || !loader.canUseFloat32(model)) throw error;
      await loader.useFloat32(model);
      return task();
    }
  }

  async #runTiles(model: OpenedUpscaler, picture: RgbaPixels, target: Size): Promise<RgbaPixels> {
    const { control } = this.#job;
    const tiling = this.#tiling(model);
    return upscale(this.#upscaler(model, tiling.size), picture, {
      target,
      tiling,
      smallestTile: this.#onHeap || model.network.tile ? tiling.size : MIN_TILE_SIZE,
      signal: control.interrupted,
      onTile: (progress) => this.#report(progress),
    });
  }

  /** A WebAssembly heap that gave out answers anything afterwards: smaller tiles need a new worker. A GPU does not. */
  get #onHeap(): boolean {
    return this.#job.runtime.device.kind === "wasm";
  }

  #tiling(model: OpenedUpscaler): Tiling {
    const { runtime, loader, request } = this.#job;
    const perPixel = model.network.bytesPerPixel(loader.precision(model));
    const { tile } = model.network;
    if (tile) return { ...defaultTiling, size: Math.min(tile.width, tile.height) };
    const tiling = tilingWithin(largestTensor(runtime.device, loader.limits.budget), perPixel);
    return { ...tiling, size: Math.min(tiling.size, request.maxTileSize ?? tiling.size) };
  }

  #upscaler(model: OpenedUpscaler, tileSize: number): Upscaler {
    const { loader } = this.#job;
    const { scale } = model.network;
    const network = createUpscaler(scale, (size) =>
      this.#whileLoading(() => loader.upscaler(model, size.width, size.height)),
    );
    return {
      scale,
      run: async (pixels) => {
        this.#tileSize = Math.max(pixels.width, pixels.height);
        const start = performance.now();
        const loadedBefore = this.#loadSeconds;
        try {
          const result = await network.run(pixels);
          const seconds = (performance.now() - start) / 1000 - (this.#loadSeconds - loadedBefore);
          this.#current = { seconds, pixels: pixels.width * pixels.height };
          return result;
        } catch (error) {
          if (!isAppError(error, "OutOfMemory")) throw error;
          if (this.#onHeap && tileSize > MIN_TILE_SIZE) throw withSmallerTile(error, tileSize);
          await loader.releaseSessions(model); // what the larger tile held must be free before a smaller one is tried
          throw error;
        }
      },
    };
  }

  #report({ pass, passes, tile, tiles, pixelsDone, pixelsLeft }: UpscaleProgress): void {
    const { jobId, emit } = this.#job;
    const { seconds, pixels } = this.#current;
    this.#tiles += 1;
    this.#tileSeconds += seconds;
    const rate = seconds / pixels;
    this.#secondsPerPixel =
      this.#secondsPerPixel === undefined
        ? rate
        : this.#secondsPerPixel + NEWEST_WEIGHT * (rate - this.#secondsPerPixel);
    emit({
      type: "tile",
      jobId,
      pass,
      passes,
      tile,
      tiles,
      secondsPerTile: this.#tileSeconds / this.#tiles,
      secondsLeft: pixelsLeft * this.#secondsPerPixel,
      fraction: pixelsDone / (pixelsDone + pixelsLeft),
    });
  }

  async #whileLoading<T>(load: () => Promise<T>): Promise<T> {
    const { control, jobId, emit } = this.#job;
    control.interrupted.throwIfAborted();
    if (this.#tiles === 0) emit({ type: "loading", jobId, component: "upscaler", fraction: 0 });
    const start = performance.now();
    try {
      return await load();
    } finally {
      this.#loadSeconds += (performance.now() - start) / 1000;
    }
  }

  async #deliver(pixels: RgbaPixels, upscalerName: string): Promise<void> {
    const { jobId, request, encodePng, version, deliver } = this.#job;
    const original = await infotextOf(request.file);
    const { target } = request;
    const infotext = upscaledInfotext({ original, target, upscalerName, version: `Kiln ${version}` });
    const png = insertPngText(await encodePng(pixels), { parameters: infotext });
    const { width, height } = pixels;
    const seed = (original === undefined ? undefined : recipeFromInfotext(parseInfotext(original)).seed) ?? 0;
    const file = new Blob([png], { type: "image/png" });
    await deliver({
      type: "picture",
      jobId,
      picture: { jobId, index: 0, seed, width, height, file, infotext },
    });
  }
}

/** A picture whose metadata is damaged is still a picture. */
async function infotextOf(file: Blob): Promise<string | undefined> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return readPictureInfotext(bytes);
  } catch (error) {
    if (isAppError(error, "FileFormat")) return undefined;
    throw error;
  }
}

/** The same failure, saying which tile may be tried in a fresh worker (client/engine-client.ts does). */
function withSmallerTile(error: AppError, tileSize: number): AppError {
  const smallerTileSize = Math.max(MIN_TILE_SIZE, Math.floor(tileSize / 2));
  return new AppError(
    "OutOfMemory",
    error.message,
    { ...error.details, tileSize, smallerTileSize },
    { cause: error },
  );
}
