// The engine's worker: wires the engine to the library, the canvas and the port. Holds no logic of its own.

import { expose, transfer } from "comlink";
import { clipTokenizerFor } from "../engine/default-tokenizers.ts";
import { KilnEngine } from "../engine/engine.ts";
import { encodePng } from "../engine/encode-png.ts";
import { ModelOpener } from "../library/open-model.ts";
import type { Engine, EngineEvent } from "../protocol/engine-api.ts";
import { carryErrorDetails } from "./error-transfer.ts";
import { holdLifeLock } from "./life-lock.ts";

declare const __KILN_VERSION__: string;

let opener: { readonly baseUrl: string; readonly models: ModelOpener } | undefined;

const engine = new KilnEngine({
  openModel(modelId, baseUrl) {
    if (opener?.baseUrl !== baseUrl) opener = { baseUrl, models: new ModelOpener(baseUrl) };
    return opener.models.open(modelId);
  },
  defaultTokenizer: clipTokenizerFor,
  encodePng,
  version: __KILN_VERSION__,
});

/** Previews are moved to the page, not copied. */
function movable(event: EngineEvent): EngineEvent {
  return event.type === "step" && event.preview ? transfer(event, [event.preview.pixels.buffer]) : event;
}

const api: Engine = {
  start: (options) => engine.start(options),
  subscribe: (listener) => engine.subscribe((event) => listener(movable(event))),
  generate: (jobId, request) => engine.generate(jobId, request),
  skip: (jobId) => engine.skip(jobId),
  interrupt: (jobId) => engine.interrupt(jobId),
  countTokens: (modelId, text) => engine.countTokens(modelId, text),
  unload: () => engine.unload(),
};

carryErrorDetails();
holdLifeLock();
expose(api);
