// Plans a generation's memory before anything is loaded, and decides which warm sessions to give up so that a new one fits.
// Pure: knows sizes and times, holds no session.

import { isExported, type AnyModel } from "../models/exports/exported-model.ts";
import { deviceMemoryNeed, type MemoryNeed, type MemoryRequest } from "../models/requirements.ts";
import { AppError } from "../protocol/app-error.ts";
import { formatBytes } from "../shared/format-bytes.ts";

export type SessionKind =
  "text encoder" | "prompt keys" | "unet" | "vae decoder" | "vae encoder" | "upscaler" | "preview decoder";

/** A session held, or about to be made. */
export interface SessionFootprint {
  readonly key: string;
  readonly kind: SessionKind;
  readonly modelId: string;
  /** Its weights: what it holds as long as it exists. */
  readonly bytes: number;
  /** What it takes beside them while it runs; one session runs at a time. */
  readonly workingBytes: number;
}

export interface HeldSession extends SessionFootprint {
  /** Any clock that only grows. */
  readonly lastUsed: number;
}

const GIB = 2 ** 30;

// WebAssembly's heap ends at 4 GiB and never shrinks, so that what is released leaves holes. This much keeps SD 1.5's UNet
// beside its VAE at 512x512 and leaves a third of the heap.
const WASM_BUDGET = 2.75 * GIB;
// Browsers tell RAM in steps and at most 8; on shared-memory machines more than this share starves the system.
const DEVICE_MEMORY_SHARE = 0.6;
const UNKNOWN_DEVICE_MEMORY_GIB = 4;
// Of WebAssembly's 4 GiB: the rest is the runtime's own, or lost to fragments.
const WASM_LIMIT = 3.6 * GIB;
// A machine with less RAM has no graphics card with more; above, a card's own memory is not told to pages.
const MIN_RAM_BESIDE_A_CARD_GIB = 8;

/** Bytes that sessions may hold together. `deviceMemoryGib` is `navigator.deviceMemory`, where the browser tells it. */
export function memoryBudget(device: "webgpu" | "wasm", deviceMemoryGib: number | undefined): number {
  const share = (deviceMemoryGib ?? UNKNOWN_DEVICE_MEMORY_GIB) * DEVICE_MEMORY_SHARE * GIB;
  return device === "wasm" ? Math.min(WASM_BUDGET, share) : share;
}

// About three tensors between layers are alive at a time, beside the weights and what the runtime keeps for itself.
const LARGEST_TENSOR_SHARE = 1 / 8;

/** Bytes that one tensor between two layers may take. */
export function largestTensor(
  device:
    | { readonly kind: "wasm" }
    | {
        readonly kind: "webgpu";
        readonly gpu: {
          readonly limits: Pick<GPUSupportedLimits, "maxBufferSize" | "maxStorageBufferBindingSize">;
        };
      },
  budget: number,
): number {
  const share = budget * LARGEST_TENSOR_SHARE;
  if (device.kind === "wasm") return share;
  const { maxBufferSize, maxStorageBufferBindingSize } = device.gpu.limits;
  return Math.min(share, maxBufferSize, maxStorageBufferBindingSize);
}

/** What is known of where the sessions will be. */
export interface MemoryLimits {
  readonly device: "webgpu" | "wasm";
  /** What sessions should hold together, from `memoryBudget`. */
  readonly budget: number;
  /** What they cannot exceed whatever is tried; Infinity where nobody can tell. */
  readonly limit: number;
  /** The largest single buffer: a WebGPU device's `maxBufferSize`. */
  readonly maxBuffer: number;
}

export function memoryLimits(
  device: "webgpu" | "wasm",
  deviceMemoryGib: number | undefined,
  maxBuffer = Infinity,
): MemoryLimits {
  const ram =
    deviceMemoryGib !== undefined && deviceMemoryGib < MIN_RAM_BESIDE_A_CARD_GIB
      ? deviceMemoryGib * GIB
      : Infinity;
  return {
    device,
    budget: memoryBudget(device, deviceMemoryGib),
    limit: device === "wasm" ? Math.min(WASM_LIMIT, ram) : ram,
    maxBuffer,
  };
}

/** A generation as far as its memory goes. */
export type PlannedRequest = Pick<MemoryRequest, "width" | "height" | "batchSize" | "guided" | "precision">;

/** How a generation is done so that it fits: what is not needed is not given up. */
export interface MemoryPlan {
  /** Weights stay float16 and are widened as they are used (WASM only, where nothing else computes in float16). */
  readonly compactWeights: boolean;
  /**
   * Keys and values of the prompt are made once per prompt. Their weights then are a session of their own, which must not take
   * turns with the UNet's.
   */
  readonly promptKeysFed: boolean;
  /** Prompt and negative prompt run one after the other. */
  readonly separateGuidance: boolean;
  /** Side of the VAE's tiles in latents; undefined when the picture is decoded whole. */
  readonly vaeTile: number | undefined;
  readonly need: MemoryNeed;
}

/**
 * Sides of a VAE tile in latents, best first. Every tile is normalised by its own mean and deviation, so small tiles differ in
 * colour: 64 latents are the 512 pixels most VAEs were trained on, and below 32 the differences show.
 */
const VAE_TILES = [128, 96, 64, 48, 32] as const;
const GOOD_VAE_TILE = 64;

/** A way to run the UNet, and a tile for the VAE. */
type Measures = Omit<MemoryPlan, "need" | "promptKeysFed">;

/**
 * The mildest measures that fit the budget. What fits no budget but may fit the device is tried with all measures taken.
 * @throws AppError TooLarge that says what is missing and what would fit, when nothing can.
 */
export function planMemory(
  modelName: string,
  model: AnyModel,
  request: PlannedRequest,
  limits: MemoryLimits,
): MemoryPlan {
  const plan = mildestPlan(model, request, limits);
  if (possible(plan, limits)) return plan;
  throw tooLarge(modelName, model, request, limits, plan);
}

const possible = ({ need }: MemoryPlan, { limit, maxBuffer }: MemoryLimits): boolean =>
  need.least <= limit && need.largestBuffer <= maxBuffer;

function mildestPlan(model: AnyModel, request: PlannedRequest, limits: MemoryLimits): MemoryPlan {
  const { budget } = limits;
  const onWasm = limits.device === "wasm";
  const needs = (measures: Measures): MemoryNeed => needWith(measures, model, request, onWasm);
  const { joins, builds, tiles: cuts } = choicesOf(model, request);
  const whole = { compactWeights: false, separateGuidance: !joins, vaeTile: undefined };
  const compact = onWasm && builds;
  const ways: readonly Measures[] = [
    whole,
    ...(request.guided ? [{ ...whole, separateGuidance: true }] : []),
    ...(compact ? [{ ...whole, compactWeights: true }] : []),
    ...(compact && request.guided ? [{ ...whole, compactWeights: true, separateGuidance: true }] : []),
  ];
  const fitting = ways.find((way) => {
    const { unet, unetActivations, textEncoders } = needs(way);
    return Math.max(unet + unetActivations, textEncoders) <= budget;
  });
  const way = fitting ?? ways[ways.length - 1];

  const side = Math.max(request.width, request.height) / model.vae.downscale;
  const tiles = [undefined, ...VAE_TILES.filter((tile) => cuts && tile < side)];
  const promptKeysFed = builds && fitting !== undefined;
  const plans = tiles.map((vaeTile) => {
    const measures = { ...way, vaeTile };
    return { ...measures, promptKeysFed, need: needs(measures) };
  });
  const decodesWithin =
    (bytes: number) =>
    ({ need }: MemoryPlan): boolean =>
      need.vae + need.vaeActivations <= bytes && need.largestBuffer <= limits.maxBuffer;
  const good = plans.filter(({ vaeTile = GOOD_VAE_TILE }) => vaeTile >= GOOD_VAE_TILE);
  return (
    // A UNet that stays is worth more than a picture decoded in one piece: the next picture needs no loading.
    good.find(decodesWithin(budget - plans[0].need.unet)) ??
    good.find(decodesWithin(budget)) ??
    plans.find(decodesWithin(budget)) ??
    plans[plans.length - 1]
  );
}

interface Choices {
  /** Prompt and negative prompt can run in one batch. */
  readonly joins: boolean;
  /** Graphs are built here: of weights in another type, or with inputs for what is the same at every step. */
  readonly builds: boolean;
  /** The VAE can run on parts of a picture. */
  readonly tiles: boolean;
}

/** What a model leaves to choose: published graphs take neither other weights nor, often, other sizes. */
function choicesOf(model: AnyModel, { guided, batchSize }: PlannedRequest): Choices {
  if (!isExported(model)) return { joins: true, builds: true, tiles: true };
  const { batch = Infinity, width, height } = model.fixed;
  return {
    joins: !guided || 2 * batchSize <= batch,
    builds: false,
    tiles: width === undefined && height === undefined,
  };
}

function needWith(
  { compactWeights, separateGuidance, vaeTile }: Measures,
  model: AnyModel,
  request: PlannedRequest,
  onWasm: boolean,
): MemoryNeed {
  return deviceMemoryNeed(model, {
    ...request,
    guided: request.guided && !separateGuidance,
    weights: compactWeights ? "float16" : request.precision,
    rowWinograd: onWasm && !compactWeights,
    wholeScores: onWasm,
    vaeTile,
  });
}

/** Pictures that may be proposed instead, largest first. */
const SIDES = [1024, 768, 512, 384, 256] as const;

function tooLarge(
  modelName: string,
  model: AnyModel,
  request: PlannedRequest,
  limits: MemoryLimits,
  { need }: MemoryPlan,
): AppError {
  const { width, height, precision } = request;
  const memory = limits.device === "wasm" ? "memory on the processor" : "GPU memory";
  const works = (changes: Partial<PlannedRequest>): boolean =>
    possible(mildestPlan(model, { ...request, ...changes }, limits), limits);
  const side = SIDES.find(
    (candidate) => candidate * candidate < width * height && works({ width: candidate, height: candidate }),
  );
  const advice =
    request.batchSize > 1 && works({ batchSize: 1 })
      ? "Try a batch size of 1."
      : side !== undefined
        ? `Try ${side}x${side}.`
        : precision === "float32" && limits.device === "webgpu" && works({ precision: "float16" })
          ? "It would fit in float16, which this device does not offer; try a smaller model."
          : limits.device === "wasm"
            ? "Try a smaller model, or a browser with WebGPU."
            : "Try a smaller model.";
  const [needed, offered, what] =
    need.least > limits.limit
      ? [need.least, limits.limit, memory]
      : [need.largestBuffer, limits.maxBuffer, `${memory} in one piece`];
  return new AppError(
    "TooLarge",
    `${modelName} needs ${formatBytes(needed)} of ${what} for ${width}x${height} pixels in ${precision}, and this ` +
      `device offers ${formatBytes(offered)}. ${advice}`,
    {
      where: "memory plan",
      expected: `at least ${formatBytes(needed)} of ${what}`,
      got: formatBytes(offered),
      neededBytes: needed,
      offeredBytes: offered,
    },
  );
}

/** What to tell when memory ran out although the plan was tried: the plan's figures, beside what the runtime said. */
export function explainOutOfMemory(
  modelName: string,
  { width, height, precision }: PlannedRequest,
  { need }: MemoryPlan,
  failure: AppError,
): AppError {
  return new AppError(
    "OutOfMemory",
    `${modelName} needs about ${formatBytes(need.least)} of memory for ${width}x${height} pixels in ${precision}, and the ` +
      `device ran out of it. Close other pages that use the GPU, or choose a smaller size or model.`,
    { ...failure.details, neededBytes: need.least },
    { cause: failure },
  );
}

/** Lower ranks are given up first. */
function rank(held: SessionFootprint, incoming: SessionFootprint): number {
  if (held.modelId !== incoming.modelId) return 0; // another model: a switch seldom goes straight back
  if (held.kind === incoming.kind) return 1; // the same network for another size or batch
  return held.kind === "unet" ? 3 : 2; // this job's other networks; the unet is the dearest to make again
}

/**
 * Keys to release, first to last, before `incoming` is created: as few as possible, but all of other models' sessions and
 * shapes go before this job's own. A session that cannot fit even alone still releases everything: trying is the only test.
 */
export function sessionsToRelease(
  held: readonly HeldSession[],
  incoming: SessionFootprint,
  budget: number,
): readonly string[] {
  let total = held.reduce((sum, session) => sum + session.bytes, incoming.bytes + incoming.workingBytes);
  const newest = [...held].sort((a, b) => b.lastUsed - a.lastUsed);
  // The two are one network in two sessions, which the plan found to fit: neither may push the other out, time after time.
  const spared =
    incoming.kind === "prompt keys"
      ? newest.find(({ kind, modelId }) => kind === "unet" && modelId === incoming.modelId)
      : undefined;
  const order = newest.filter((session) => session !== spared);
  order.sort((a, b) => rank(a, incoming) - rank(b, incoming) || a.lastUsed - b.lastUsed);
  const released: string[] = [];
  for (const session of order) {
    if (total <= budget) break;
    released.push(session.key);
    total -= session.bytes;
  }
  return released;
}
