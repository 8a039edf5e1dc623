// Numbers that go wrong in float16 get a second chance in float32; in float32 they fail the job with a name.

import { describe, expect, test, vi } from "vitest";
import { runGenerationJob } from "../../../src/engine/generation-job.ts";
import { JobQueue } from "../../../src/engine/job-queue.ts";
import { memoryLimits } from "../../../src/engine/memory-policy.ts";
import { ModelLoader } from "../../../src/engine/model-loader.ts";
import type { OpenedModel } from "../../../src/library/open-model.ts";
import { OrtRuntime } from "../../../src/ort/ort-runtime.ts";
import type { DeviceReport } from "../../../src/protocol/engine-api.ts";
import type { GenerationSummary } from "../../../src/protocol/generation-request.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { encodePngInNode } from "../../support/node-engine.ts";
import { openTinyModel } from "../../support/node-fixtures.ts";
import { loadNodeOrt } from "../../support/node-runtime.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const BROKEN_KEY = "model.diffusion_model.out.2.bias";

/** The tiny model whose last bias reads as NaN while `broken` says so. */
async function openBrokenModel(modelId: string, broken: () => boolean): Promise<OpenedModel> {
  const model = await openTinyModel(modelId);
  const { source } = model;
  const tensor = detectModel(await openSafetensors(source)).checkpoint.tensors.get(BROKEN_KEY);
  if (!tensor) throw new Error(`no ${BROKEN_KEY}`);
  const readSync = (start: number, end: number): Uint8Array<ArrayBuffer> => {
    const bytes = source.readSync(start, end).slice();
    if (start === tensor.start && broken()) bytes.fill(0xff); // NaN in float16 and float32
    return bytes;
  };
  return {
    ...model,
    source: { ...source, readSync, read: (a, b) => Promise.resolve(readSync(a, b)) },
  };
}

/** Runs a job whose numbers are wrong; `float32Mends` says whether they become right in float32. */
async function run(precision: DeviceReport["precision"], float32Mends: boolean): Promise<GenerationSummary> {
  // Node computes in float32 whatever the report says; what is tested is who tries again.
  const report: DeviceReport = {
    device: "wasm",
    precision,
    threads: 1,
    description: "Node",
    reason: "A test.",
  };
  const runtime = new OrtRuntime(await loadNodeOrt(), { kind: "wasm", report });
  const unused = (): Promise<never> => Promise.reject(new Error("unused"));
  let broken = true;
  const loader = new ModelLoader(
    runtime,
    (id) => openBrokenModel(id, () => broken),
    unused,
    memoryLimits("wasm", 8),
  );
  const useFloat32 = loader.useFloat32.bind(loader);
  vi.spyOn(loader, "useFloat32").mockImplementation((model) => {
    broken = !float32Mends;
    return useFloat32(model);
  });
  const end = await new JobQueue().add("a", (control) =>
    runGenerationJob({
      jobId: "a",
      request: tinyRequest(),
      control,
      runtime,
      loader,
      encodePng: encodePngInNode,
      version: "0.0.0-test",
      emit: () => undefined,
      deliver: () => Promise.resolve(),
    }),
  );
  if (end.outcome !== "ended") throw new Error("the job did not start");
  return end.value;
}

describe("NaN in the unet's output", () => {
  test("is tried again in float32 when it came from float16", async () => {
    expect(await run("float16", true)).toMatchObject({ outcome: "finished", pictures: 1 });
  });

  test("fails the job when float32 gives it too", async () => {
    await expect(run("float16", false)).rejects.toMatchObject({ name: "NumericFailure" });
    await expect(run("float32", true)).rejects.toMatchObject({
      name: "NumericFailure",
      details: { got: "NaN" },
    });
  });
});
