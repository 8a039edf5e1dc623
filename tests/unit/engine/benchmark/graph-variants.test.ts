// Every other way to write the UNet gives the app's result on the WASM kernels; a way that cannot run is a row that says why. The same on WebGPU: tests/browser/engine/graph-variants.test.ts.

import { expect, test } from "vitest";
import { compareGraphs, measureVariants, VARIANTS } from "../../../../src/engine/benchmark/graph-variants.ts";
import type { MeasuredRuntime, MeasuredSession } from "../../../../src/engine/benchmark/measure-component.ts";
import { dialects } from "../../../../src/models/dialects.ts";
import { buildUnet } from "../../../../src/models/unet.ts";
import type { OnnxModel } from "../../../../src/onnx/onnx-model.ts";
import { oneLevelUnet } from "../../../support/one-level-unet.ts";
import { createNodeRuntime } from "../../../support/node-runtime.ts";

const TOLERANCE = 1e-4;
const NAMES = VARIANTS.map(({ name }) => name);

async function smallUnet() {
  return { ...(await oneLevelUnet()), dialect: dialects["wasm-float32"] };
}

/** Gives zeros after the seconds that `cost` says; the first session is that of keys and values, the second the app's way. */
function fakeRuntime(cost: (session: number) => number) {
  const ran: number[] = [];
  let now = 0;
  let sessions = 0;
  const createSession = (graph: OnnxModel): Promise<MeasuredSession> => {
    const session = ++sessions;
    if (cost(session) === Infinity) return Promise.reject(new Error("out of memory"));
    const run = (): Promise<Record<string, Float32Array>> => {
      ran.push(session);
      now += cost(session);
      const zeros = (shape: readonly number[]) =>
        new Float32Array(shape.reduce((all, side) => all * side, 1));
      return Promise.resolve(
        Object.fromEntries(graph.outputs.map(({ name, shape }) => [name, zeros(shape)])),
      );
    };
    return Promise.resolve({ run, release: () => Promise.resolve() });
  };
  return { runtime: { createSession } satisfies MeasuredRuntime, ran, clock: () => now };
}

test("a UNet gives the same in all ways", async () => {
  const runtime = await createNodeRuntime();
  const told: string[] = [];
  const rows = await measureVariants(
    { createSession: (graph) => runtime.createSession(graph, "cpu") },
    await smallUnet(),
    1,
    (name) => told.push(name),
  );
  expect(rows.map(({ name }) => name)).toEqual(NAMES);
  expect(told).toEqual(NAMES);
  for (const row of rows) {
    expect(row.failure).toBeUndefined();
    expect(row.difference, row.name).toBeLessThan(TOLERANCE);
    expect(row.ratio, row.name).toBeGreaterThan(0);
  }
}, 120_000);

test("a way whose session cannot be made is a row that says why, and the others are measured", async () => {
  const { runtime, clock } = fakeRuntime((session) => (session === 3 ? Infinity : 1));
  const rows = await measureVariants(runtime, await smallUnet(), 1, undefined, clock);
  expect(rows[0]).toMatchObject({ ratio: null, difference: null, failure: "Error: out of memory" });
  expect(rows.slice(1).every(({ ratio }) => ratio !== null)).toBe(true);
});

test("ratios are of the clock that is given, each round one step of both; halves run twice", async () => {
  const { runtime, clock, ran } = fakeRuntime((session) => (session === 3 ? 3 : 2));
  const rows = await measureVariants(runtime, await smallUnet(), 3, undefined, clock);
  expect(rows.map(({ ratio }) => ratio)).toEqual([1.5, 2, ...Array<number>(NAMES.length - 2).fill(1)]);
  expect(ran.slice(0, 9)).toEqual([1, 2, 3, 3, 2, 3, 2, 3, 2]);
});

test("two graphs of a network are compared on the same inputs, in turn", async () => {
  const { runtime, ran, clock } = fakeRuntime((session) => (session === 1 ? 3 : 2));
  const { checkpoint, config, shape, dialect } = await smallUnet();
  const graph = buildUnet(checkpoint, config, { ...shape, dialect });
  const { ratio, difference } = await compareGraphs(runtime, graph, graph, 2, clock);
  expect({ ratio, difference }).toEqual({ ratio: 1.5, difference: 0 });
  expect(ran).toEqual([1, 2, 1, 2, 1, 2]);
});
