// The real benchmark in its worker, on the software adapter: what only WebGPU can tell is told.

import { expect, test, vi } from "vitest";
import { BenchmarkClient } from "../../../src/client/benchmark-client.ts";
import type { BenchmarkRequest } from "../../../src/protocol/benchmark-api.ts";

// A software adapter compiles shaders on the processor: minutes on a busy machine.
vi.setConfig({ testTimeout: 400_000 });

// The upscaler is the one network that a software adapter runs in seconds.
const REQUEST: BenchmarkRequest = {
  device: "webgpu",
  size: "small",
  models: ["rrdbnet-x4"],
  runs: 1,
  pictures: false,
};

test("GPU memory and GPU time by class of operator are measured", async () => {
  const what: string[] = [];
  const report = await new BenchmarkClient(location.origin).run(REQUEST, (progress) =>
    what.push(progress.what),
  );
  expect(what).toEqual(["rrdbnet-x4 upscaler"]);
  expect(report.components).toHaveLength(1);
  const [row] = report.components;
  expect(row, row.failure).toMatchObject({ finite: true, runs: 1 });
  expect(row.peakBytes).toBeGreaterThan(row.heldBytes!);
  // Its weights alone, in float32.
  expect(row.heldBytes).toBeGreaterThan(4 * 10_000);
  expect(row.operatorSeconds).toMatchObject({ convolution: expect.any(Number) as number });
  expect(Object.keys(row.operatorSeconds ?? {})).not.toContain("other");
});

test("a cancelled benchmark rejects with Interrupted, and the next one runs", async () => {
  const client = new BenchmarkClient(location.origin);
  const cancellation = new AbortController();
  const run = client.run(REQUEST, () => cancellation.abort(), cancellation.signal);
  await expect(run).rejects.toMatchObject({ name: "Interrupted" });
  const report = await client.run({ ...REQUEST, device: "wasm" }, () => undefined);
  expect(report.components[0].failure).toBeUndefined();
});
