// What needs no browser of the runtime's owner: adapters, threads, and failures by name.

import { describe, expect, test } from "vitest";
import { chooseDevice, isSoftwareAdapter } from "../../../src/ort/compute-device.ts";
import { threadCount } from "../../../src/ort/ort-build.ts";
import { runtimeFailure } from "../../../src/ort/runtime-failure.ts";
import { SerialQueue } from "../../../src/ort/serial-queue.ts";
import { AppError } from "../../../src/protocol/app-error.ts";

describe("isSoftwareAdapter()", () => {
  const adapter = (changes: object): Parameters<typeof isSoftwareAdapter>[0] => ({
    vendor: "",
    architecture: "",
    device: "",
    description: "",
    ...changes,
  });

  test.each([
    { vendor: "google", architecture: "swiftshader" },
    { vendor: "mesa", description: "llvmpipe (LLVM 15.0.6, 256 bits)" },
    { description: "Microsoft Basic Render Driver" },
    { vendor: "nvidia", isFallbackAdapter: true },
  ])("refuses $vendor $architecture $description", (info) => {
    expect(isSoftwareAdapter(adapter(info))).toBe(true);
  });

  test.each([
    { vendor: "nvidia", architecture: "ampere" },
    { vendor: "apple", architecture: "metal-3" },
    { vendor: "intel", architecture: "gen-12lp", isFallbackAdapter: false },
    {},
  ])("takes $vendor $architecture", (info) => {
    expect(isSoftwareAdapter(adapter(info))).toBe(false);
  });
});

test("chooseDevice() says why the processor computes when it was chosen", async () => {
  expect(await chooseDevice("wasm", 1)).toEqual({
    kind: "wasm",
    report: {
      device: "wasm",
      precision: "float32",
      threads: 1,
      description: "WebAssembly SIMD, 1 thread",
      reason: "The processor was chosen in the settings.",
    },
  });
});

test.each([
  [false, 16, 1],
  [true, 2, 1],
  [true, 4, 2],
  [true, 12, 6],
  [true, 64, 8],
])("threadCount(isolated: %s, %i cores) is %i", (isolated, cores, threads) => {
  expect(threadCount(isolated, cores)).toBe(threads);
});

describe("runtimeFailure()", () => {
  test.each([
    ["std::bad_alloc", "OutOfMemory"],
    ["Aborted(OOM). Cannot enlarge memory arrays", "OutOfMemory"],
    ["WebAssembly.Memory.grow(): Maximum memory size exceeded: memory.grow failed", "OutOfMemory"],
    ["Array buffer allocation failed", "OutOfMemory"],
    ["Failed to allocate memory for requested buffer of size 4294967296", "OutOfMemory"],
    ["A valid external Instance reference no longer exists: the GPU device was lost", "DeviceLost"],
  ])("calls %j %s", (message, name) => {
    const failure = runtimeFailure(new Error(message), "unet");
    expect(failure).toMatchObject({ name, details: { where: "unet", got: message } });
  });

  test("leaves named failures and unknown errors as they are", () => {
    const named = new AppError("FileFormat", "The file is damaged.");
    expect(runtimeFailure(named, "unet")).toBe(named);
    const unknown = new Error("no kernel for Foo");
    expect(runtimeFailure(unknown, "unet")).toBe(unknown);
  });
});

test("SerialQueue runs tasks in turn, also after one that fails", async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  const task = (name: string, milliseconds: number) => async (): Promise<string> => {
    log.push(`${name} starts`);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    log.push(`${name} ends`);
    return name;
  };
  const first = queue.run(task("a", 5));
  const failing = queue.run(() => Promise.reject(new Error("no")));
  const last = queue.run(task("b", 0));
  await expect(failing).rejects.toThrow("no");
  expect(await Promise.all([first, last])).toEqual(["a", "b"]);
  expect(log).toEqual(["a starts", "a ends", "b starts", "b ends"]);
});
