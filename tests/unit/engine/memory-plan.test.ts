// What a generation does when memory is short, on published models at full size: how it is run, and what is said when it cannot be.

import { describe, expect, test } from "vitest";
import {
  explainOutOfMemory,
  memoryLimits,
  planMemory,
  type MemoryLimits,
  type PlannedRequest,
} from "../../../src/engine/memory-policy.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import { AppError } from "../../../src/protocol/app-error.ts";
import { headerFixture, headerOnlyCheckpoint } from "../../support/header-only.ts";

const GIB = 2 ** 30;
const detected = (name: string) => detectModel(headerOnlyCheckpoint(headerFixture(name)));
const sd15 = detected("stable-diffusion-1-5");
const sdxl = detected("stable-diffusion-xl-base");

const onGpu: PlannedRequest = {
  width: 512,
  height: 512,
  batchSize: 1,
  guided: true,
  precision: "float16",
};
const onCpu: PlannedRequest = { ...onGpu, precision: "float32" };
const square = (side: number): Pick<PlannedRequest, "width" | "height"> => ({ width: side, height: side });
const bigGpu: MemoryLimits = { device: "webgpu", budget: 16 * GIB, limit: Infinity, maxBuffer: 4 * GIB };
const wasm = memoryLimits("wasm", 8);

function refusal(action: () => unknown): AppError {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

describe("planMemory()", () => {
  test("takes no measure where there is room", () => {
    const { need, ...measures } = planMemory("SDXL", sdxl, { ...onGpu, ...square(1024) }, bigGpu);
    expect(measures).toEqual({
      compactWeights: false,
      promptKeysFed: true,
      separateGuidance: false,
      vaeTile: undefined,
    });
    expect(need.total).toBeLessThan(16 * GIB);
  });

  test("cuts the picture for the VAE before it gives up a warm UNet", () => {
    const limits = { ...bigGpu, budget: 4 * GIB };
    expect(planMemory("SD", sd15, { ...onGpu, ...square(1024) }, limits).vaeTile).toBe(96);
    expect(planMemory("SD", sd15, onGpu, limits).vaeTile).toBeUndefined();
  });

  test("gives up the UNet before it cuts tiles smaller than models are used to", () => {
    const limits = { ...bigGpu, budget: 2.2 * GIB };
    expect(planMemory("SD", sd15, { ...onGpu, ...square(1024) }, limits).vaeTile).toBe(96);
  });

  test("leaves keys and values of the prompt in a UNet that has no room beside them", () => {
    const tight = { ...bigGpu, budget: 4.8 * GIB };
    expect(planMemory("SDXL", sdxl, { ...onGpu, ...square(1024) }, tight).promptKeysFed).toBe(false);
    expect(planMemory("SD", sd15, onGpu, tight).promptKeysFed).toBe(true);
  });

  test("does not cut the picture small because the UNet is too large for the budget", () => {
    const limits = { ...bigGpu, budget: 4.8 * GIB };
    expect(planMemory("SDXL", sdxl, { ...onGpu, ...square(1024) }, limits).vaeTile).toBeUndefined();
  });

  test("cuts the picture where one value would be larger than a buffer may be", () => {
    const limits = { ...bigGpu, maxBuffer: 512 * 2 ** 20 };
    const { vaeTile, need } = planMemory("SD", sd15, { ...onGpu, ...square(1024) }, limits);
    expect(vaeTile).toBe(64);
    expect(need.largestBuffer).toBeLessThanOrEqual(limits.maxBuffer);
  });

  test("keeps weights in float16 in WebAssembly when float32 is too large for its heap", () => {
    const small = planMemory("SD", sd15, { ...onCpu, ...square(64) }, wasm);
    expect(small).toMatchObject({ compactWeights: true, separateGuidance: false });
    expect(small.need.unet).toBe(2 * 859_520_964);
    expect(small.need.least).toBeLessThan(2.5 * GIB);
  });

  test("runs the two halves of guidance apart when their scores do not fit together", () => {
    expect(planMemory("SD", sd15, onCpu, wasm)).toMatchObject({
      compactWeights: true,
      separateGuidance: true,
    });
  });

  test("counts the transformed kernels that convolutions on the CPU keep", () => {
    const roomy = { ...wasm, budget: 64 * GIB, limit: 64 * GIB };
    const { need } = planMemory("SD", sd15, onCpu, roomy);
    expect(need.unet).toBeGreaterThan(1.4 * 4 * 859_520_964);
  });

  test("says what SDXL needs in WebAssembly and what to do instead", () => {
    const error = refusal(() => planMemory("My XL", sdxl, { ...onCpu, ...square(1024) }, wasm));
    expect(error.name).toBe("TooLarge");
    expect(error.message).toMatch(
      /^My XL needs \d+\.\d GB of memory on the processor for 1024x1024 pixels in float32, and this device offers 3\.9 GB\. Try a smaller model, or a browser with WebGPU\.$/,
    );
    expect(error.details).toMatchObject({ where: "memory plan" });
  });

  test("names the largest square that would fit, or a batch of one", () => {
    const small: MemoryLimits = { ...wasm, limit: 3 * GIB };
    const large = { ...onCpu, ...square(2048), guided: false };
    expect(refusal(() => planMemory("SD", sd15, large, small)).message).toMatch(/Try 1024x1024\.$/);
    const many = { ...onCpu, batchSize: 8 };
    expect(refusal(() => planMemory("SD", sd15, many, wasm)).message).toMatch(/Try a batch size of 1\.$/);
  });

  test("refuses a model that no small machine can hold, and one whose weight no buffer can", () => {
    const phone = memoryLimits("webgpu", 4, 2 * GIB);
    const xl = { ...onGpu, ...square(1024) };
    expect(refusal(() => planMemory("XL", sdxl, xl, phone)).message).toContain(
      "of GPU memory for 1024x1024 pixels in float16, and this device offers 4.3 GB",
    );
    const tight = { ...bigGpu, maxBuffer: 32 * 2 ** 20 };
    expect(refusal(() => planMemory("XL", sdxl, xl, tight)).message).toContain("GPU memory in one piece");
  });
});

test("memory that ran out all the same is told with the plan's figures, and keeps what the runtime said", () => {
  const request = { ...onGpu, ...square(1024) };
  const failure = new AppError("OutOfMemory", "No.", { where: "unet", got: "GPU says no" });
  const told = explainOutOfMemory("My XL", request, planMemory("My XL", sdxl, request, bigGpu), failure);
  expect(told.message).toMatch(
    /^My XL needs about [5-7]\.\d GB of memory for 1024x1024 pixels in float16, and the device ran out/,
  );
  expect(told.details).toMatchObject({ where: "unet", got: "GPU says no" });
  expect(told.cause).toBe(failure);
});

describe("memoryLimits()", () => {
  test("sets no limit on a machine that may have a graphics card with more memory than it tells", () => {
    expect(memoryLimits("webgpu", 8).limit).toBe(Infinity);
    expect(memoryLimits("webgpu", undefined).limit).toBe(Infinity);
    expect(memoryLimits("webgpu", 4).limit).toBe(4 * GIB);
    expect(memoryLimits("wasm", undefined).limit).toBeLessThan(4 * GIB);
  });
});
