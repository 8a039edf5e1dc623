// The engine on WebGPU, on whatever adapter the test browser has (a software one in CI): latents that stay on the device,
// a whole run against diffusers, and a device that is lost in the middle of a job.

import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { encodePng } from "../../../src/engine/encode-png.ts";
import { KilnEngine } from "../../../src/engine/engine.ts";
import { chooseDevice } from "../../../src/ort/compute-device.ts";
import { GpuLatentMath } from "../../../src/ort/gpu-latent-math.ts";
import { loadOrt } from "../../../src/ort/ort-build.ts";
import { OrtRuntime } from "../../../src/ort/ort-runtime.ts";
import type { EngineEvent } from "../../../src/protocol/engine-api.ts";
import { cpuLatentMath } from "../../../src/sampling/cpu-math.ts";
import { fetchGoldenTensors, fetchTinyModel } from "../../support/browser-fixtures.ts";
import { relativeDifference } from "../../support/relative-difference.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const LATENTS_TOLERANCE = 1e-3;
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

describe("the engine on WebGPU", () => {
  afterEach(() => vi.restoreAllMocks());

  /** Records the devices that the engine asks for. */
  function watchDevices(): GPUDevice[] {
    const devices: GPUDevice[] = [];
    const request = GPUAdapter.prototype.requestDevice;
    vi.spyOn(GPUAdapter.prototype, "requestDevice").mockImplementation(async function (this: GPUAdapter, options) {
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

  test("agrees with diffusers in final latents", async () => {
    const golden = await fetchGoldenTensors();
    const engine = await startEngine();
    const { tensors = {} } = await engine.generate(
      "parity",
      tinyRequest({ sampler: "Euler", schedule: "Uniform", steps: 7, dumpTensors: true }),
    );
    expect(relativeDifference(tensors.latents.data, golden.float32("euler.latents"))).toBeLessThan(LATENTS_TOLERANCE);
    await engine.unload();
  });

  test("a lost device fails the running job and the next one works on a new device", async () => {
    const devices = watchDevices();
    const engine = await startEngine((event) => {
      if (event.type === "step" && event.jobId === "lost" && event.step === 1) devices[0].destroy();
    });
    await expect(engine.generate("lost", tinyRequest({ steps: 20 }))).rejects.toMatchObject({
      name: "DeviceLost",
      details: { expected: "a working GPU device" },
    });
    const summary = await engine.generate("next", tinyRequest({ steps: 2 }));
    expect(summary).toMatchObject({ outcome: "finished", pictures: 1 });
    expect(devices).toHaveLength(2);
    await engine.unload();
  });
});
