// Opens models and keeps their sessions: same model and size means no work. Owns every session; gives up what the memory
// policy names before it makes another. Runs no network.

import type { AdaptedNetwork } from "../models/adapters/adapter-targets.ts";
import { splitLoras, type GraphAdapters } from "../models/adapters/graph-adapters.ts";
import { dialectFor, type Device, type Dialect, type Precision } from "../models/dialects.ts";
import type { AdaptableModel, AdapterPack } from "../models/layers/adapter-slots.ts";
import { isExported } from "../models/exports/exported-model.ts";
import { buildTinyDecoder } from "../models/tiny-decoder.ts";
import { detectTinyDecoder } from "../models/tiny-decoder-config.ts";
import type { OnnxModel } from "../onnx/onnx-model.ts";
import type { OrtRuntime } from "../ort/ort-runtime.ts";
import type { OrtSession } from "../ort/ort-session.ts";
import { isAppError } from "../protocol/app-error.ts";
import type { GenerationRequest, LoraUse } from "../protocol/generation-request.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import { openCheckpoint } from "../weights/open-checkpoint.ts";
import { AdapterBinding } from "./adapter-binding.ts";
import { DecodingPace, previewDecoderFor, type LatentShape } from "./decoded-previews.ts";
import { requireAdaptable, requireComputable } from "./export-limits.ts";
import { resolveLoras, type JobPrompt } from "./job-loras.ts";
import { LoraFiles } from "./lora-files.ts";
import {
  planMemory,
  sessionsToRelease,
  type HeldSession,
  type MemoryLimits,
  type MemoryPlan,
  type PlannedRequest,
  type SessionFootprint,
  type SessionKind,
} from "./memory-policy.ts";
import {
  openModel,
  openVae,
  type DefaultTokenizer,
  type OpenedModel,
  type OpenedUpscaler,
  type OpenModel,
} from "./opened-model.ts";
import type { PromptKeys, UnetShape } from "./ort-components.ts";
import { openUpscalerNetwork } from "./upscaler-network.ts";
import { noEmbeddings, promptEmbeddings, type PromptEmbeddings } from "./prompt-embeddings.ts";

/** All models of the library. */
export type ListModels = () => Promise<readonly ModelRecord[]>;

/** Whatever has sessions. */
type SessionOwner = Pick<OpenedModel, "record">;

// Headers and tokenizers are a few megabytes; one model to draw with and another whose tokens are counted is common.
const MAX_OPENED = 3;

interface CachedSession extends HeldSession {
  lastUsed: number;
  readonly session: OrtSession;
}

export class ModelLoader {
  readonly #runtime: OrtRuntime;
  readonly #openModel: OpenModel;
  readonly #defaultTokenizer: DefaultTokenizer;
  readonly limits: MemoryLimits;
  readonly #listModels: ListModels;
  readonly #sessions = new Map<string, CachedSession>();
  readonly #float32Models = new Set<string>();
  /** Models whose weights are kept in float16 on a device that computes in float32, as their last plan said. */
  readonly #compactModels = new Set<string>();
  /** Newest last. */
  readonly #opened = new Map<string, OpenedModel>();
  /** The one used last. */
  #upscaler: OpenedUpscaler | undefined;
  /** How fast previews are decoded on this device. */
  readonly decodingPace = new DecodingPace();
  readonly #loras: LoraFiles;
  /** What the sessions' adapter slots hold. */
  readonly #bindings = new WeakMap<OrtSession, AdapterBinding>();
  #uses = 0;

  constructor(
    runtime: OrtRuntime,
    openModel: OpenModel,
    defaultTokenizer: DefaultTokenizer,
    limits: MemoryLimits,
    listModels: ListModels = () => Promise.resolve([]),
  ) {
    this.#runtime = runtime;
    this.#listModels = listModels;
    this.#openModel = openModel;
    this.#loras = new LoraFiles(openModel);
    this.#defaultTokenizer = defaultTokenizer;
    this.limits = limits;
  }

  /**
   * Reads headers and the tokenizer; no weights yet. The models opened last are kept.
   * @param vaeId of a VAE to use instead of the checkpoint's own.
   */
  async open(modelId: string, vaeId?: string): Promise<OpenedModel> {
    const model = await this.#open(modelId);
    return vaeId === undefined
      ? model
      : { ...model, vae: await openVae(model, await this.#openModel(vaeId)) };
  }

  /** Embeddings that prompts for this model may name, as the library has them now. */
  async embeddings(model: OpenedModel): Promise<PromptEmbeddings> {
    const { detected } = model;
    if (isExported(detected)) return noEmbeddings;
    return promptEmbeddings(detected, await this.#listModels(), this.#openModel);
  }

  async #open(modelId: string): Promise<OpenedModel> {
    const known = this.#opened.get(modelId);
    if (known) return known;
    const model = await openModel(await this.#openModel(modelId), this.#defaultTokenizer);
    const { kind, report } = this.#runtime.device;
    requireComputable(model.detected, model.record, { kind, precision: report.precision });
    this.#opened.set(modelId, model);
    for (const oldest of [...this.#opened.keys()].slice(0, -MAX_OPENED)) this.#opened.delete(oldest);
    return model;
  }

  /** The model with LoRAs, for its sessions to be asked with. Reads headers; factors are read when a session needs them. */
  async withLoras(model: OpenedModel, uses: readonly LoraUse[]): Promise<OpenedModel> {
    const { record, detected } = model;
    requireAdaptable(detected, record, uses.length);
    return isExported(detected) ? model : { ...model, loras: await this.#loras.open(uses, record, detected) };
  }

  /** Which LoRAs a request means, its prompt's tags included, as the library has them now. */
  resolveLoras(request: GenerationRequest): Promise<JobPrompt> {
    return resolveLoras(request, this.#listModels);
  }

  /** For the infotext. */
  loraHash(id: string): Promise<string> {
    return this.#loras.hash(id);
  }

  /** The same for an upscaler. */
  async openUpscaler(modelId: string): Promise<OpenedUpscaler> {
    if (this.#upscaler?.record.id === modelId) return this.#upscaler;
    const { source, record } = await this.#openModel(modelId);
    this.#upscaler = { record, network: await openUpscalerNetwork(source, record) };
    return this.#upscaler;
  }

  precision(model: SessionOwner): Precision {
    return this.#float32Models.has(model.record.id) ? "float32" : this.#runtime.device.report.precision;
  }

  /**
   * How a generation will be done so that it fits, before any weight is read; sessions made from now on follow it.
   * @throws AppError TooLarge that says what is missing
   */
  plan(model: OpenedModel, request: Omit<PlannedRequest, "precision">): MemoryPlan {
    const precision = this.precision(model);
    const { detected, vae } = model;
    const plan = planMemory(
      model.record.name,
      isExported(detected) || !vae.layers ? detected : { ...detected, vae: vae.layers },
      { ...request, precision },
      this.limits,
    );
    if (plan.compactWeights) this.#compactModels.add(model.record.id);
    else this.#compactModels.delete(model.record.id);
    return plan;
  }

  /** Whether numbers that went wrong may come out right in another precision; published graphs compute as they are. */
  canUseFloat32(model: SessionOwner): boolean {
    return model.record.format !== "onnx" && this.precision(model) !== "float32";
  }

  /** After numbers went wrong in float16: from now on this model computes in float32. */
  async useFloat32(model: SessionOwner): Promise<void> {
    this.#float32Models.add(model.record.id);
    await this.releaseSessions(model);
  }

  async releaseSessions(model: SessionOwner): Promise<void> {
    for (const held of [...this.#sessions.values()]) {
      if (held.modelId === model.record.id) await this.#release(held.key);
    }
  }

  /** `index` counts the family's text encoders. */
  textEncoder(model: OpenedModel, index: number, clipSkip: number): Promise<OrtSession> {
    const variant = `${index}, clip skip ${clipSkip}`;
    return this.#adaptedSession(model, "text encoder", variant, "cpu", "textEncoder", (dialect, adapters) =>
      model.networks.textEncoder(dialect, index, clipSkip, adapters),
    );
  }

  unet(model: OpenedModel, shape: UnetShape): Promise<OrtSession> {
    const { batch, latentHeight, latentWidth, tokens, promptKeysFed = false } = shape;
    const size = [batch, latentHeight, latentWidth, tokens].join("x");
    const variant = promptKeysFed ? `${size}, prompt keys fed` : size;
    return this.#adaptedSession(model, "unet", variant, "device", "unet", (dialect, adapters) =>
      model.networks.unet(dialect, shape, adapters),
    );
  }

  /** For the UNet with `promptKeysFed`; published graphs make them at every step. */
  promptKeys(model: OpenedModel): PromptKeys | undefined {
    const { promptKeys } = model.networks;
    if (!promptKeys) return undefined;
    return {
      bytesPerToken: promptKeys.bytesPerToken(this.precision(model)),
      session: (rows) =>
        this.#adaptedSession(model, "prompt keys", `${rows}`, "device", "unet", (dialect, adapters) =>
          promptKeys.graph(dialect, rows, adapters),
        ),
    };
  }

  vaeDecoder(model: OpenedModel, latentHeight: number, latentWidth: number): Promise<OrtSession> {
    const { record, networks } = model.vae;
    const variant = `${record?.id ?? "own"} ${latentHeight}x${latentWidth}`;
    return this.#session(model, "vae decoder", variant, "cpu", (dialect) =>
      networks.decoder(dialect, latentHeight, latentWidth),
    );
  }

  /** For previews: undefined when the library has none for this model, or when something else would have to go for it. */
  async previewDecoder(
    model: OpenedModel,
    [, latentHeight, latentWidth]: LatentShape,
  ): Promise<OrtSession | undefined> {
    const record = previewDecoderFor(model.detected, await this.#listModels());
    if (!record) return undefined;
    const checkpoint = await openCheckpoint((await this.#openModel(record.id)).source);
    const config = detectTinyDecoder(checkpoint);
    const build = (dialect: Dialect): OnnxModel =>
      buildTinyDecoder(checkpoint, config, { dialect, latentHeight, latentWidth });
    const needed = sessionBytes(build(this.#dialect(model)), this.#runtime.device.kind);
    const others = [...this.#sessions.values()].filter(({ kind }) => kind !== "preview decoder");
    const held = others.reduce((sum, session) => sum + session.bytes, 0);
    if (held + needed.bytes + needed.workingBytes > this.limits.budget) return undefined;
    const variant = `${record.id} ${latentHeight}x${latentWidth}`;
    return this.#session(model, "preview decoder", variant, "cpu", build);
  }

  vaeEncoder(model: OpenedModel, height: number, width: number): Promise<OrtSession> {
    const { record, networks } = model.vae;
    const variant = `${record?.id ?? "own"} ${height}x${width}`;
    return this.#session(model, "vae encoder", variant, "cpu", (dialect) =>
      networks.encoder(dialect, height, width),
    );
  }

  /** For tiles of one size. */
  upscaler(model: OpenedUpscaler, width: number, height: number): Promise<OrtSession> {
    return this.#session(model, "upscaler", `${height}x${width}`, "cpu", (dialect) =>
      model.network.graph(dialect, height, width),
    );
  }

  /** Frees all sessions and forgets the opened models. */
  async unload(): Promise<void> {
    this.#upscaler = undefined;
    this.#opened.clear();
    this.#loras.clear();
    for (const key of [...this.#sessions.keys()]) await this.#release(key);
  }

  /** One session serves all LoRAs that its slots can take; those that must be merged get one of their own. */
  async #adaptedSession(
    model: OpenedModel,
    kind: SessionKind,
    variant: string,
    outputs: "cpu" | "device",
    network: AdaptedNetwork,
    build: (dialect: Dialect, adapters: GraphAdapters) => AdaptableModel | Promise<AdaptableModel>,
  ): Promise<OrtSession> {
    const { fed, merged } = splitLoras(model.loras, network);
    const mark = merged.map(({ id, strengths }) => `${id} at ${strengths[network]}`).join(", ");
    const marked = mark === "" ? variant : `${variant}, merged ${mark}`;
    let packs: readonly AdapterPack[] = [];
    const session = await this.#session(model, kind, marked, outputs, async (dialect) => {
      const graph = await build(dialect, { merged, slots: true });
      packs = graph.adapterPacks;
      return graph;
    });
    const binding = this.#bindings.get(session) ?? new AdapterBinding(session, packs, network);
    this.#bindings.set(session, binding);
    await binding.feed(fed);
    return session;
  }

  #dialect(model: SessionOwner): Dialect {
    const compact = this.#compactModels.has(model.record.id);
    return dialectFor(this.#runtime.device.kind, this.precision(model), compact);
  }

  async #session(
    model: SessionOwner,
    kind: SessionKind,
    variant: string,
    outputs: "cpu" | "device",
    build: (dialect: Dialect) => OnnxModel | Promise<OnnxModel>,
  ): Promise<OrtSession> {
    const modelId = model.record.id;
    const dialect = this.#dialect(model);
    const key = [modelId, kind, dialect.id, variant].join(" / ");
    const known = this.#sessions.get(key);
    if (known) {
      known.lastUsed = ++this.#uses;
      return known.session;
    }
    const graph = await build(dialect);
    const footprint = { key, kind, modelId, ...sessionBytes(graph, this.#runtime.device.kind) };
    const release = sessionsToRelease([...this.#sessions.values()], footprint, this.limits.budget);
    for (const held of release) await this.#release(held);
    const session = await this.#create(graph, outputs);
    this.#sessions.set(key, { ...footprint, session, lastUsed: ++this.#uses });
    return session;
  }

  /** Estimates are estimates: when memory runs out all the same, everything else is given up for a second try. */
  async #create(graph: OnnxModel, outputs: "cpu" | "device"): Promise<OrtSession> {
    try {
      return await this.#runtime.createSession(graph, outputs);
    } catch (error) {
      if (!isAppError(error, "OutOfMemory") || this.#sessions.size === 0) throw error;
      try {
        for (const key of [...this.#sessions.keys()]) await this.#release(key);
        return await this.#runtime.createSession(graph, outputs);
      } catch {
        throw error; // a WebAssembly heap that gave out once answers anything afterwards
      }
    }
  }

  async #release(key: string): Promise<void> {
    const held = this.#sessions.get(key);
    this.#sessions.delete(key);
    await held?.session.release();
  }
}

function sessionBytes(
  { externals, workingBytes: { tiledScores, wholeScores } }: OnnxModel,
  device: Device,
): Pick<SessionFootprint, "bytes" | "workingBytes"> {
  return {
    bytes: externals.reduce((sum, tensor) => sum + tensor.byteLength, 0),
    workingBytes: device === "wasm" ? wholeScores : tiledScores,
  };
}
