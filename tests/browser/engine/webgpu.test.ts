// The engine on WebGPU, on whatever adapter the test browser has (a software one in CI): latents that stay on the device,
// the graphs against PyTorch, and a device that is lost in the middle of a job.

import { beforeAll, describe, expect, test } from "vitest";
import { EngineClient } from "../../../src/client/engine-client.ts";
import { createGpuLatentStore } from "../../../src/engine/latent-store.ts";
import { memoryLimits } from "../../../src/engine/memory-policy.ts";
import { ModelLoader } from "../../../src/engine/model-loader.ts";
import type { OpenedModel } from "../../../src/engine/opened-model.ts";
import { chooseDevice } from "../../../src/ort/compute-device.ts";
import { GpuLatentMath } from "../../../src/ort/gpu-latent-math.ts";
import { loadOrt } from "../../../src/ort/ort-build.ts";
import { OrtRuntime } from "../../../src/ort/ort-runtime.ts";
import { cpuLatentMath } from "../../../src/sampling/cpu-math.ts";
import { fetchGoldenComponents, fetchTinyModel } from "../../support/browser-fixtures.ts";
import type { GoldenTensors } from "../../support/fixture-model.ts";
import { relativeDifference } from "../../support/relative-difference.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

// A software adapter compiles shaders on the processor: seconds alone, minutes on a busy machine.
const TIMEOUT_MS = 400_000;
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

describe("the graphs on WebGPU agree with PyTorch", { timeout: TIMEOUT_MS }, () => {
  let loader: ModelLoader;
  let golden: GoldenTensors;
  let runtime: OrtRuntime;
  let tiny: OpenedModel;

  beforeAll(async () => {
    golden = await fetchGoldenComponents();
    runtime = new OrtRuntime(await loadOrt(), await chooseDevice("webgpu", 1));
    loader = new ModelLoader(
      runtime,
      fetchTinyModel,
      () => Promise.reject(new Error("unused")),
      memoryLimits("webgpu", 8),
    );
    tiny = await loader.open("tiny");
    return async () => {
      await loader.unload();
      runtime.dispose();
    };
  });

  test("text encoder", async () => {
    const session = await loader.textEncoder(tiny, 0, 1);
    const ids = golden.int32("text.ids");
    const expected = golden.float32("text.hidden_skip1");
    const { hidden } = await session.run({
      input_ids: ids,
      kept: new Float32Array(ids.length).fill(1),
      vectors: new Float32Array(expected.length),
    });
    expect(relativeDifference(hidden, expected)).toBeLessThan(FLOAT32_TOLERANCE);
  });

  test("unet, with everything and the prompt's keys and values on the device", async () => {
    const shape = { batch: 2, latentHeight: 8, latentWidth: 8, tokens: 77 };
    const session = await loader.unet(tiny, { ...shape, promptKeysFed: true });
    const keys = await loader.promptKeys(tiny)!.session(2 * 77);
    const store = createGpuLatentStore(runtime);
    const upload = (key: string): GPUBuffer => store.math.upload(golden.float32(key)).buffer;
    const prompt = await store.runAll(keys, { context: upload("unet.even.context") });
    const output = await store.run(
      session,
      {
        latents: upload("unet.even.latents"),
        timestep: golden.float32("unet.even.timestep"),
        ...Object.fromEntries(Object.entries(prompt).map(([name, { buffer }]) => [name, buffer])),
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

test(
  "a lost device fails its job; the jobs behind work on a new device",
  { timeout: TIMEOUT_MS },
  async () => {
    const workers: Worker[] = [];
    const engine = new EngineClient((name) => {
      const worker = new Worker(new URL("../../support/tiny-engine.worker.ts", import.meta.url), {
        type: "module",
        name,
      });
      workers.push(worker);
      return worker;
    });
    const encoded: string[] = [];
    await engine.subscribe((event) => {
      // The unet is loaded after the prompt was encoded on the device, which shows enough: a software adapter is slow.
      if (event.type !== "loading" || event.component !== "unet") return;
      encoded.push(event.jobId);
      if (event.jobId === "next") void engine.interrupt("next");
    });
    expect(await engine.start({ device: "webgpu", baseUrl: location.href })).toMatchObject({
      device: "webgpu",
    });

    const losing = engine.generate("loses its device", tinyRequest());
    const next = engine.generate("next", tinyRequest({ guidanceScale: 1 }));

    await expect(losing).rejects.toMatchObject({
      name: "DeviceLost",
      details: { expected: "a working GPU device" },
    });
    expect(await next).toMatchObject({ outcome: "interrupted" });
    expect(encoded).toEqual(["loses its device", "next"]);
    expect(workers).toHaveLength(2);
    for (const worker of workers) worker.terminate();
  },
);
