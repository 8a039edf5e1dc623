// The engine on WebGPU, on whatever adapter the test browser has (a software one in CI): latents that stay on the device,
// the graphs against PyTorch, and a device that is lost in the middle of a job.

import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { encodePng } from "../../../src/engine/encode-png.ts";
import { KilnEngine } from "../../../src/engine/engine.ts";
import { createGpuLatentStore } from "../../../src/engine/latent-store.ts";
import { ModelLoader, type OpenedModel } from "../../../src/engine/model-loader.ts";
import { chooseDevice } from "../../../src/ort/compute-device.ts";
import { GpuLatentMath } from "../../../src/ort/gpu-latent-math.ts";
import { loadOrt } from "../../../src/ort/ort-build.ts";
import { OrtRuntime } from "../../../src/ort/ort-runtime.ts";
import type { EngineEvent } from "../../../src/protocol/engine-api.ts";
import { cpuLatentMath } from "../../../src/sampling/cpu-math.ts";
import { fetchGoldenComponents, fetchTinyModel } from "../../support/browser-fixtures.ts";
import type { GoldenTensors } from "../../support/fixture-model.ts";
import { relativeDifference } from "../../support/relative-difference.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const FLOAT32_TOLERANCE = 1e-4;
const ARITHMETIC_TOLERANCE = 1e-6;

describe("GpuLatentMath", () => {
  let runtime: OrtRuntime;
  beforeAll(async () => {
    runtime = new OrtRuntime(await loadOrt(), await chooseDevice("webgpu", 1));
    return () => runtime.dispose();
  });

  test.each([1, 2, 4, 5, 9])("combines %i terms as the CPU does", async (count) => {
    const math = new GpuLatentMath(runtime);
    const length = 4 * 9 * 7; // not a multiple of the workgroup
    const terms = Array.from({ length: count }, (_, i) => {
      const values = Float32Array.from({ length }, (_, j) => Math.sin(i * 1.3 + j * 0.7));
      return [Math.cos(i + 0.5), values] as const;
    });

    const sum = math.combine(...terms.map(([weight, values]) => [weight, math.upload(values)] as const));

    const expected = cpuLatentMath.combine(...terms);
    expect(relativeDifference(await math.download(sum), expected)).toBeLessThan(ARITHMETIC_TOLERANCE);
    math.dispose();
  });

  test("a released value does not reach later sums", async () => {
    const math = new GpuLatentMath(runtime);
    const infinite = math.upload(new Float32Array(16).fill(Infinity));
    const one = math.upload(new Float32Array(16).fill(1));
    math.release(infinite);
    expect(Array.from(await math.download(math.combine([2, one])))).toEqual(new Array(16).fill(2));
    math.dispose();
  });
});

describe("the graphs on WebGPU agree with PyTorch", () => {
  let loader: ModelLoader;
  let golden: GoldenTensors;
  let runtime: OrtRuntime;
  let tiny: OpenedModel;

  beforeAll(async () => {
    golden = await fetchGoldenComponents();
    runtime = new OrtRuntime(await loadOrt(), await chooseDevice("webgpu", 1));
    loader = new ModelLoader(runtime, fetchTinyModel, () => Promise.reject(new Error("unused")), 2 ** 30);
    tiny = await loader.open("tiny");
    return async () => {
      await loader.unload();
      runtime.dispose();
    };
  });

  test("text encoder", async () => {
    const session = await loader.textEncoder(tiny, 1);
    const { hidden } = await session.run({ input_ids: golden.int32("text.ids") });
    expect(relativeDifference(hidden, golden.float32("text.hidden_skip1"))).toBeLessThan(FLOAT32_TOLERANCE);
  });

  test("unet, with everything on the device", async () => {
    const session = await loader.unet(tiny, { batch: 2, latentHeight: 8, latentWidth: 8, tokens: 77 });
    const store = createGpuLatentStore(runtime);
    const upload = (key: string): GPUBuffer => store.math.upload(golden.float32(key)).buffer;
    const output = await store.run(
      session,
      {
        latents: upload("unet.even.latents"),
        timestep: golden.float32("unet.even.timestep"),
        context: upload("unet.even.context"),
      },
      "output",
    );
    const values = await store.math.download(output);
    expect(relativeDifference(values, golden.float32("unet.even.output"))).toBeLessThan(FLOAT32_TOLERANCE);
    store.dispose();
  });

  test("vae decoder", async () => {
    const session = await loader.vaeDecoder(tiny, 4, 4);
    const first = <T extends Float32Array>(batch: T): Float32Array => batch.slice(0, batch.length / 2);
    const { pixels } = await session.run({ latents: first(golden.float32("vae.even.latents")) });
    expect(relativeDifference(pixels, first(golden.float32("vae.even.pixels")))).toBeLessThan(
      FLOAT32_TOLERANCE,
    );
  });
});

describe("the engine on WebGPU", () => {
  afterEach(() => vi.restoreAllMocks());

  /** Records the devices that the engine asks for. */
  function watchDevices(): GPUDevice[] {
    const devices: GPUDevice[] = [];
    const request = GPUAdapter.prototype.requestDevice;
    vi.spyOn(GPUAdapter.prototype, "requestDevice").mockImplementation(async function (
      this: GPUAdapter,
      options,
    ) {
      const device = await request.call(this, options);
      devices.push(device);
      return device;
    });
    return devices;
  }

  async function startEngine(onEvent: (event: EngineEvent) => void = () => undefined): Promise<KilnEngine> {
    const engine = new KilnEngine({
      openModel: fetchTinyModel,
      defaultTokenizer: () => Promise.reject(new Error("the fixture brings its tokenizer")),
      encodePng,
      version: "0.0.0-test",
    });
    await engine.subscribe(onEvent);
    const report = await engine.start({ device: "webgpu", baseUrl: location.href });
    expect(report.device).toBe("webgpu");
    return engine;
  }

  test("a lost device fails the running job and the next one works on a new device", async () => {
    const devices = watchDevices();
    const stepsOfNext: number[] = [];
    const engine = await startEngine((event) => {
      if (event.jobId === "lost" && event.type === "loading" && event.component === "unet")
        devices[0].destroy();
      if (event.jobId !== "next" || event.type !== "step") return;
      stepsOfNext.push(event.step);
      void engine.interrupt("next");
    });
    await expect(engine.generate("lost", tinyRequest())).rejects.toMatchObject({
      name: "DeviceLost",
      details: { expected: "a working GPU device" },
    });
    // One finished step shows that everything works again; a software adapter takes long for more.
    const summary = await engine.generate("next", tinyRequest({ guidanceScale: 1 }));
    expect(summary).toMatchObject({ outcome: "interrupted" });
    expect(stepsOfNext).toEqual([1]);
    expect(devices).toHaveLength(2);
    await engine.unload();
  });
});
