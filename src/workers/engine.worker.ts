// The engine's worker: wires the engine to the library, the canvas and the port. Holds no logic of its own.

import { expose, transfer } from "comlink";
import { tokenizerFor } from "../engine/default-tokenizers.ts";
import { decodePicture } from "../engine/decode-picture.ts";
import { KilnEngine } from "../engine/engine.ts";
import { encodePng } from "../engine/encode-png.ts";
import { ModelOpener, type TokenizerFiles } from "../library/open-model.ts";
import { fetchClipTokenizer } from "../library/shipped-tokenizers.ts";
import type { Engine, EngineEvent } from "../protocol/engine-api.ts";
import { carryErrorDetails } from "./error-transfer.ts";
import { holdLifeLock } from "./life-lock.ts";

declare const __KILN_VERSION__: string;

/** Its tokenizer also serves imported files with the same vocabulary. */
const EMBEDDED_MODEL = "kiln-small";

let models: ModelOpener | undefined;
let appUrl = "";

const tokenizers: readonly (() => Promise<TokenizerFiles | undefined>)[] = [
  async () => (await models?.open(EMBEDDED_MODEL))?.tokenizer,
  () => fetchClipTokenizer(appUrl),
];

const opener = (baseUrl: string): ModelOpener => (models ??= new ModelOpener(baseUrl));

const engine = new KilnEngine({
  openModel: (modelId, baseUrl) => opener(baseUrl).open(modelId),
  listModels: (baseUrl) => opener(baseUrl).list(),
  defaultTokenizer: (need) => tokenizerFor(need, tokenizers),
  encodePng,
  decodePicture,
  deviceMemoryGib: (navigator as { readonly deviceMemory?: number }).deviceMemory, // Chromium alone tells it
  version: __KILN_VERSION__,
});

/** Previews are moved to the page, not copied. */
function movable(event: EngineEvent): EngineEvent {
  return event.type === "step" && event.preview ? transfer(event, [event.preview.pixels.buffer]) : event;
}

const api: Engine = {
  start: (options) => {
    appUrl = options.baseUrl;
    return engine.start(options);
  },
  subscribe: (listener) => engine.subscribe((event) => listener(movable(event))),
  generate: (jobId, request) => engine.generate(jobId, request),
  upscale: (jobId, request) => engine.upscale(jobId, request),
  skip: (jobId) => engine.skip(jobId),
  interrupt: (jobId) => engine.interrupt(jobId),
  countTokens: (modelId, text) => engine.countTokens(modelId, text),
  unload: () => engine.unload(),
};

carryErrorDetails();
holdLifeLock();
expose(api);
