// The engine in a worker of its own for browser tests, with the tiny random-weight checkpoint as its only model and
// model ids that order a failure. Everything else is the app's worker entry.

import { expose } from "comlink";
import { decodePicture } from "../../src/engine/decode-picture.ts";
import { encodePng } from "../../src/engine/encode-png.ts";
import { KilnEngine } from "../../src/engine/engine.ts";
import { AppError } from "../../src/protocol/app-error.ts";
import type { Engine } from "../../src/protocol/engine-api.ts";
import { carryErrorDetails } from "../../src/workers/error-transfer.ts";
import { holdLifeLock } from "../../src/workers/life-lock.ts";
import { fetchTinyModel } from "./browser-fixtures.ts";

/** The devices that the engine asked for. */
const devices: GPUDevice[] = [];
if ("gpu" in navigator) {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, options) {
    const device = await request.call(this, options);
    devices.push(device);
    return device;
  };
}

/** A job of this name loses its device while its unet's session is made: the worst moment for the runtime. */
const DEVICE_LOSING_JOB = "loses its device";

/** The name of a picture that is too much for the first worker's memory in whole tiles. */
const TOO_LARGE = "too large.png";

const engine = new KilnEngine({
  openModel(modelId) {
    if (modelId === "dies") self.close();
    if (modelId === "hangs") for (;;); // as a kernel that never returns
    if (modelId === "too big") {
      throw new AppError("OutOfMemory", "There is not enough memory.", { where: "unet", expected: "memory" });
    }
    if (modelId === "missing") {
      throw new AppError("ModelNotFound", "There is no such model.", { where: modelId, expected: "a model" });
    }
    return fetchTinyModel(modelId);
  },
  listModels: () => Promise.resolve([]),
  defaultTokenizer: () => Promise.reject(new Error("the fixture brings its tokenizer")),
  encodePng,
  decodePicture,
  version: "0.0.0-test",
});

const api: Engine = {
  start: (options) => engine.start(options),
  subscribe: (listener) =>
    engine.subscribe((event) => {
      if (event.jobId === DEVICE_LOSING_JOB && event.type === "loading" && event.component === "unet") {
        for (const device of devices) device.destroy();
      }
      return listener(event);
    }),
  generate: (jobId, request) => engine.generate(jobId, request),
  upscale(jobId, request) {
    if (request.fileName === TOO_LARGE && request.maxTileSize === undefined) {
      const details = { where: "upscaler", expected: "memory", smallerTileSize: 96 };
      return Promise.reject(new AppError("OutOfMemory", "There is not enough memory.", details));
    }
    return engine.upscale(jobId, request);
  },
  skip: (jobId) => engine.skip(jobId),
  interrupt: (jobId) => engine.interrupt(jobId),
  countTokens: (modelId, text) => engine.countTokens(modelId, text),
  unload: () => engine.unload(),
};

carryErrorDetails();
holdLifeLock();
expose(api);
