// What a user asks of an upscaler and what comes back, as plain data. One job is one picture; a batch is several jobs.

/** Filters that enlarge without a model, by the names A1111 gives them. */
export type ResampleFilter = "lanczos" | "nearest";

export type UpscalerChoice =
  | { readonly kind: "model"; /** Id of an upscaler in the library. */ readonly modelId: string }
  | { readonly kind: "resample"; readonly filter: ResampleFilter };

export type UpscaleTarget =
  | { readonly kind: "factor"; /** 1 to 8, fractions too. */ readonly factor: number }
  | {
      readonly kind: "size";
      /** The picture keeps its shape and covers these. */
      readonly width: number;
      readonly height: number;
      /** Cut what stands out over the size, the same on both sides. */
      readonly crop: boolean;
    };

/** One job: a picture and how to enlarge it. Validated by the engine (`InvalidRequest`). */
export interface UpscaleRequest {
  readonly upscaler: UpscalerChoice;
  readonly target: UpscaleTarget;
  /** Any picture file that the browser reads. Its infotext, if it has one, goes on in the result. */
  readonly file: Blob;
  /** For messages: "boat.png". */
  readonly fileName: string;
  /** Of the gallery picture that `file` is a copy of. */
  readonly pictureId?: number;
  /** Tiles no larger than this; set where a larger one has run out of memory before. */
  readonly maxTileSize?: number;
}

/** What a finished (or interrupted) job reports. Its picture was delivered before, as an event. */
export interface UpscaleSummary {
  readonly jobId: string;
  readonly outcome: "finished" | "interrupted";
  /** 0 where nothing was finished. */
  readonly width: number;
  readonly height: number;
  readonly seconds: { readonly load: number; readonly tiles: number };
  /** Side of the tiles in the end, 0 without a model; and what one took. */
  readonly tileSize: number;
  readonly secondsPerTile: number;
}

export const MAX_UPSCALE_FACTOR = 8;
