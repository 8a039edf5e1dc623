// The benchmark's other ways to write a UNet on WebGPU, on whatever adapter the test browser has: each must give what the app's way
// gives, or its time would say nothing.

import { expect, test } from "vitest";
import { measureVariants, VARIANTS } from "../../../src/engine/benchmark/graph-variants.ts";
import { dialectFor } from "../../../src/models/dialects.ts";
import { chooseDevice } from "../../../src/ort/compute-device.ts";
import { loadOrt } from "../../../src/ort/ort-build.ts";
import { OrtRuntime } from "../../../src/ort/ort-runtime.ts";
import { oneLevelUnet } from "../../support/one-level-unet.ts";

// A software adapter compiles shaders on the processor: minutes on a busy machine.
const TIMEOUT_MS = 400_000;
const TOLERANCE = { float32: 1e-4, float16: 2e-2 };

test(
  "all ways to write a UNet agree on WebGPU",
  async () => {
    const runtime = new OrtRuntime(await loadOrt(), await chooseDevice("webgpu", 1));
    const { precision } = runtime.device.report;
    const rows = await measureVariants(
      { createSession: (graph) => runtime.createSession(graph, "cpu") },
      { ...(await oneLevelUnet()), dialect: dialectFor("webgpu", precision) },
      1,
    );
    runtime.dispose();
    expect(rows.map(({ name }) => name)).toEqual(VARIANTS.map(({ name }) => name));
    for (const { name, difference, failure } of rows) {
      expect(failure, name).toBeUndefined();
      expect(difference, name).toBeLessThan(TOLERANCE[precision]);
    }
  },
  TIMEOUT_MS,
);
