// Implements the pipeline's components on sessions, over either latent store. Builds no graph and caches no session.

import type { Size } from "../imaging/resize.ts";
import type { OrtSession, SessionInput } from "../ort/ort-session.ts";
import type {
  Conditioning,
  DiffusionModel,
  PixelTensor,
  PreparedConditioning,
  TextEncoder,
  Vae,
} from "../pipeline/components.ts";
import type { Upscaler } from "../pipeline/upscale.ts";
import { AppError } from "../protocol/app-error.ts";
import type { LatentStore } from "./latent-store.ts";
import type { TokenVectors } from "./prompt-embeddings.ts";
import { decodeInTiles, encodeInTiles } from "./tiled-vae.ts";
import { yieldToMessages } from "./yield-to-messages.ts";

export function createTextEncoder(
  width: number,
  embeddings: TokenVectors,
  sessionFor: (clipSkip: number) => Promise<OrtSession>,
): TextEncoder {
  return {
    width,
    async encode(tokenIds, clipSkip) {
      const feeds = await withVectors(tokenIds, width, embeddings);
      const session = await sessionFor(clipSkip);
      await yieldToMessages();
      const { hidden, pooled } = await session.run(feeds);
      return { hidden, pooled };
    },
  };
}

/** Placeholders become token 0, which is not kept, and their vectors. */
async function withVectors(
  tokenIds: Int32Array,
  width: number,
  embeddings: TokenVectors,
): Promise<{ input_ids: Int32Array; vectors: Float32Array; kept: Float32Array }> {
  const ids = tokenIds.slice();
  const vectors = new Float32Array(ids.length * width);
  const kept = new Float32Array(ids.length).fill(1);
  for (const [position, id] of tokenIds.entries()) {
    const vector = await embeddings.vector(id);
    if (!vector) continue;
    vectors.set(vector, position * width);
    ids[position] = 0;
    kept[position] = 0;
  }
  return { input_ids: ids, vectors, kept };
}

/** The UNet's graph depends on all of these. */
export interface UnetShape {
  readonly batch: number;
  readonly latentHeight: number;
  readonly latentWidth: number;
  readonly tokens: number;
  /** Keys and values of the prompt are fed instead of the prompt. */
  readonly promptKeysFed?: boolean;
}

/** Makes keys and values of the prompt once, for all steps. */
export interface PromptKeys {
  /** What one token takes. */
  readonly bytesPerToken: number;
  /** For so many tokens of all prompts of a batch together. */
  session(rows: number): Promise<OrtSession>;
}

// Kept for a whole run beside the UNet: five times what SDXL's take for a prompt and its negative prompt of one chunk.
const MAX_PROMPT_KEY_BYTES = 256 * 2 ** 20;

const PIXEL_CHANNELS = 3;

interface PreparedContext extends PreparedConditioning {
  readonly id: number;
  readonly conditioning: Conditioning;
}

const leastCommonMultiple = (a: number, b: number): number => {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
};

// Beyond this many tokens, attention over repeated prompts costs more than a second forward does.
const MAX_PADDED_TOKENS = 77 * 12;

/** Repeats a conditioning: attention over k copies of the same tokens gives what one copy gives. */
function repeated(conditioning: Conditioning, tokens: number): Conditioning {
  if (conditioning.tokens === tokens) return conditioning;
  const context = new Float32Array(tokens * conditioning.width);
  for (let at = 0; at < context.length; at += conditioning.context.length)
    context.set(conditioning.context, at);
  return { ...conditioning, tokens, context };
}

/** Graph inputs beside the context that conditionings may carry, each [batch, ...]. */
const EXTRA_INPUTS = [
  ["y", "classEmbedding"],
  ["guidance_embedding", "guidanceEmbedding"],
  ["extra_channels", "extraChannels"],
] as const satisfies readonly (readonly [string, keyof Conditioning])[];

export interface DiffusionBatch {
  readonly batch: number;
  readonly latentHeight: number;
  readonly latentWidth: number;
  /** Each conditioning has a forward of its own, which takes less memory at a time. */
  readonly separate: boolean;
}

/**
 * One forward serves all conditionings of one length: they lie behind each other in the batch. Lengths that have no small
 * common multiple are run apart, which is exact too.
 */
export class OrtDiffusionModel<X> implements DiffusionModel<X> {
  readonly math;
  readonly #store: LatentStore<X>;
  readonly #latents: DiffusionBatch;
  readonly #sessionFor: (shape: UnetShape) => Promise<OrtSession>;
  readonly #promptKeys: PromptKeys | undefined;
  /** What a whole batch is conditioned on, by graph input, by the ids it is made of. */
  readonly #batches = new Map<string, Readonly<Record<string, X>>>();
  #nextId = 0;
  #promptKeysFed = false;

  /** @param promptKeys where there is memory for its session beside the UNet's. */
  constructor(
    store: LatentStore<X>,
    latents: DiffusionBatch,
    sessionFor: (shape: UnetShape) => Promise<OrtSession>,
    promptKeys?: PromptKeys,
  ) {
    this.math = store.math;
    this.#store = store;
    this.#latents = latents;
    this.#sessionFor = sessionFor;
    this.#promptKeys = promptKeys;
  }

  prepare(conditionings: readonly Conditioning[]): readonly PreparedConditioning[] {
    const common = conditionings.map(({ tokens }) => tokens).reduce(leastCommonMultiple);
    const longest = Math.max(...conditionings.map(({ tokens }) => tokens));
    const tokens = common <= Math.max(longest, MAX_PADDED_TOKENS) ? common : undefined;
    const { bytesPerToken } = this.#promptKeys ?? { bytesPerToken: Infinity };
    // Decided for the whole run, because it takes another UNet session. Schedules go through as many pairs as they have changes.
    const pairs = Math.max(1, conditionings.length - 1);
    const most = pairs * 2 * this.#latents.batch * (tokens ?? longest) * bytesPerToken;
    this.#promptKeysFed = most <= MAX_PROMPT_KEY_BYTES;
    return conditionings.map((conditioning) =>
      this.#context(repeated(conditioning, tokens ?? conditioning.tokens)),
    );
  }

  async warmUp(conditionings: readonly PreparedConditioning[]): Promise<void> {
    for (const group of this.#groups(conditionings as readonly PreparedContext[])) {
      await this.#session(group);
      await this.#batchInputs(group);
    }
  }

  async predict(
    x: X,
    timestep: number,
    conditionings: readonly PreparedConditioning[],
  ): Promise<readonly X[]> {
    const contexts = conditionings as readonly PreparedContext[];
    const outputs = new Map<PreparedContext, X>();
    for (const group of this.#groups(contexts)) {
      const session = await this.#session(group);
      await yieldToMessages();
      const latents = group.length === 1 ? x : this.#store.repeat(x, group.length);
      const feeds: Record<string, SessionInput> = {
        latents: this.#store.input(latents),
        timestep: Float32Array.of(timestep),
      };
      for (const [name, values] of Object.entries(await this.#batchInputs(group)))
        feeds[name] = this.#store.input(values);
      const output = await this.#store.run(session, feeds, "output");
      const parts = group.length === 1 ? [output] : this.#store.split(output, group.length);
      group.forEach((context, i) => outputs.set(context, parts[i]));
      if (group.length > 1) {
        this.math.release(latents);
        this.math.release(output);
      }
    }
    return contexts.map((context) => outputs.get(context) as X);
  }

  #groups(contexts: readonly PreparedContext[]): readonly (readonly PreparedContext[])[] {
    return this.#latents.separate ? contexts.map((context) => [context]) : groupsByLength(contexts);
  }

  #context(conditioning: Conditioning): PreparedContext {
    const id = this.#nextId++;
    return {
      id,
      conditioning,
      release: () => {
        for (const [key, inputs] of this.#batches) {
          if (!key.split(",").includes(String(id))) continue;
          for (const values of Object.values(inputs)) this.math.release(values);
          this.#batches.delete(key);
        }
      },
    };
  }

  #session(group: readonly PreparedContext[]): Promise<OrtSession> {
    const { batch, latentHeight, latentWidth } = this.#latents;
    const { tokens } = group[0].conditioning;
    const promptKeysFed = this.#promptKeysFed;
    return this.#sessionFor({
      batch: batch * group.length,
      latentHeight,
      latentWidth,
      tokens,
      promptKeysFed,
    });
  }

  async #batchInputs(group: readonly PreparedContext[]): Promise<Readonly<Record<string, X>>> {
    const key = group.map(({ id }) => id).join();
    const known = this.#batches.get(key);
    if (known !== undefined) return known;
    const inputs: Record<string, X> = { ...(await this.#promptInputs(group)) };
    for (const [name, field] of EXTRA_INPUTS)
      if (group[0].conditioning[field]) inputs[name] = this.#forBatch(group, field);
    this.#batches.set(key, inputs);
    return inputs;
  }

  async #promptInputs(group: readonly PreparedContext[]): Promise<Readonly<Record<string, X>>> {
    const keys = this.#promptKeysFed ? this.#promptKeys : undefined;
    const rows = this.#latents.batch * group.length * group[0].conditioning.tokens;
    const session = await keys?.session(rows);
    const context = this.#forBatch(group, "context");
    if (!session) return { context };
    try {
      return await this.#store.runAll(session, { context: this.#store.input(context) });
    } finally {
      this.math.release(context);
    }
  }

  /** [batch · group, ...]: the first conditioning's for every picture, then the second's. */
  #forBatch(group: readonly PreparedContext[], field: "context" | (typeof EXTRA_INPUTS)[number][1]): X {
    const { batch } = this.#latents;
    const parts = group.map(({ conditioning }) => conditioning[field] ?? new Float32Array(0));
    const { length } = parts[0];
    const values = new Float32Array(length * batch * group.length);
    parts.forEach((part, i) => {
      for (let j = 0; j < batch; j++) values.set(part, (i * batch + j) * length);
    });
    return this.math.upload(values);
  }
}

function groupsByLength(contexts: readonly PreparedContext[]): readonly (readonly PreparedContext[])[] {
  const groups = new Map<number, PreparedContext[]>();
  for (const context of contexts) {
    const { tokens } = context.conditioning;
    groups.set(tokens, [...(groups.get(tokens) ?? []), context]);
  }
  return [...groups.values()];
}

export interface VaeEncoderOptions {
  /** Of the latents. */
  readonly channels: number;
  readonly downscale: number;
  /** Side of a tile in latents; undefined works on whole pictures. */
  readonly tile: number | undefined;
  /** For pixels of this size. */
  session(size: Size): Promise<OrtSession>;
}

/** Mean and log-variance of the posterior: [2, channels, h, w], unscaled. */
export async function encodePicture(
  pixels: PixelTensor,
  { channels, downscale, tile, session }: VaeEncoderOptions,
): Promise<Float32Array> {
  const encode = async ({ width, height, data }: PixelTensor): Promise<Float32Array> => {
    const encoder = await session({ width, height });
    await yieldToMessages();
    return (await encoder.run({ pixels: data })).moments;
  };
  if (tile === undefined) return encode(pixels);
  const planes = { ...pixels, channels: PIXEL_CHANNELS };
  return (await encodeInTiles(planes, tile, downscale, 2 * channels, encode)).data;
}

export interface VaeOptions {
  readonly batch: number;
  readonly width: number;
  readonly height: number;
  /** Of one picture: [channels, height, width]. */
  readonly latentShape: readonly [number, number, number];
  /** Side of a tile in latents; undefined works on whole pictures. */
  readonly tile: number | undefined;
  /** For latents or pixels of this size. */
  decoder(size: Size): Promise<OrtSession>;
  encoder(size: Size): Promise<OrtSession>;
}

/** Pictures are decoded one by one: the decoder's activations dwarf everything else. */
export function createVae<X>(store: LatentStore<X>, options: VaeOptions): Vae<X> {
  const { batch, width, height, tile, decoder, encoder } = options;
  const [channels, latentHeight, latentWidth] = options.latentShape;
  const downscale = height / latentHeight;
  const decodeTile = async (size: Size, latents: SessionInput): Promise<Float32Array> => {
    const session = await decoder(size);
    await yieldToMessages();
    return (await session.run({ latents })).pixels;
  };
  const decodeOne = async (part: X): Promise<Float32Array> => {
    const size = { width: latentWidth, height: latentHeight };
    if (tile === undefined) return decodeTile(size, store.input(part));
    const latents = { ...size, channels, data: await store.math.download(part) };
    const pixels = await decodeInTiles(latents, tile, downscale, (cut) => decodeTile(cut, cut.data));
    return pixels.data;
  };
  return {
    async decode(latents) {
      const pictures: PixelTensor[] = [];
      const parts = batch === 1 ? [latents] : store.split(latents, batch);
      for (const part of parts) {
        pictures.push({ width, height, data: await decodeOne(part) });
        if (batch > 1) store.math.release(part);
      }
      return pictures;
    },
    encode: (pixels) => encodePicture(pixels, { channels, downscale, tile, session: encoder }),
  };
}

/** A session for each size of tile. */
export function createUpscaler(
  scale: number,
  sessionFor: (size: { readonly width: number; readonly height: number }) => Promise<OrtSession>,
): Upscaler {
  return {
    scale,
    async run({ width, height, data }) {
      const session = await sessionFor({ width, height });
      await yieldToMessages();
      const { upscaled } = await session.run({ pixels: data });
      requireScale(upscaled.length / data.length, scale);
      return { width: scale * width, height: scale * height, data: upscaled };
    },
  };
}

/** Published graphs of any size are known by name only. */
function requireScale(area: number, scale: number): void {
  if (area === scale ** 2) return;
  throw new AppError(
    "UnsupportedModel",
    `The upscaler makes pictures ${Math.sqrt(area)} times as large, and its file name says ${scale}. Rename the file and import it again.`,
    { where: "upscaler", expected: `a scale of ${scale}`, got: `${Math.sqrt(area)}` },
  );
}
