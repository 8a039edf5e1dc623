// Times one network: session, first run, steady runs, memory, and where its time goes. Knows no model and no device.

import type { OnnxModel } from "../../onnx/onnx-model.ts";
import type { SessionInput } from "../../ort/ort-session.ts";
import type { ComponentRow, OperatorSeconds } from "../../protocol/benchmark-api.ts";
import { median } from "../../shared/median.ts";
import { expectedError, expectedInputs, type ExpectedValues } from "./expected-values.ts";
import { benchmarkInputs } from "./measured-components.ts";
import { secondsByClass } from "./operator-classes.ts";

export interface MeasuredSession {
  run(feeds: Readonly<Record<string, SessionInput>>): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/** What runs networks, and what can be seen of its device. */
export interface MeasuredRuntime {
  createSession(model: OnnxModel): Promise<MeasuredSession>;
  readonly memory?: { readonly bytes: number; readonly peakBytes: number; resetPeak(): void };
  readonly timer?: { start(): void; stop(): Promise<ReadonlyMap<string, number>> };
}

export type Measurement = Pick<
  ComponentRow,
  | "createSeconds"
  | "firstSeconds"
  | "steadySeconds"
  | "runs"
  | "peakBytes"
  | "heldBytes"
  | "operatorSeconds"
  | "finite"
  | "relativeError"
>;

/** Of what could not be measured. */
export const NOT_MEASURED: Measurement = {
  createSeconds: null,
  firstSeconds: null,
  steadySeconds: null,
  runs: 0,
  peakBytes: null,
  heldBytes: null,
  operatorSeconds: null,
  finite: null,
};

/**
 * `model` is built here, so that building the graph counts as making the session. Runs on what `expected` was made of, if it is
 * given. Rejects with what the runtime throws.
 */
export async function measureComponent(
  runtime: MeasuredRuntime,
  build: () => OnnxModel,
  runs: number,
  expected?: ExpectedValues,
): Promise<Measurement> {
  const { memory, timer } = runtime;
  memory?.resetPeak();
  const before = memory?.bytes ?? 0;
  const beganCreating = performance.now();
  const model = build();
  const session = await runtime.createSession(model);
  const createSeconds = secondsSince(beganCreating);
  try {
    const feeds = expected ? expectedInputs(expected, model.inputs) : benchmarkInputs(model.inputs);
    const [firstSeconds, outputs] = await timed(() => session.run(feeds));
    const steady: number[] = [];
    for (let run = 0; run < runs; run++) steady.push((await timed(() => session.run(feeds)))[0]);
    return {
      createSeconds,
      firstSeconds,
      steadySeconds: median(steady),
      runs,
      peakBytes: memory ? memory.peakBytes - before : null,
      heldBytes: memory ? memory.bytes - before : null,
      operatorSeconds: timer ? await operatorTimes(timer, () => session.run(feeds)) : null,
      finite: Object.values(outputs).every((values) => values.every(Number.isFinite)),
      ...(expected && { relativeError: expectedError(expected, outputs) }),
    };
  } finally {
    await session.release();
  }
}

async function operatorTimes(
  timer: NonNullable<MeasuredRuntime["timer"]>,
  run: () => Promise<unknown>,
): Promise<OperatorSeconds> {
  timer.start();
  try {
    await run();
  } catch (error) {
    await timer.stop();
    throw error;
  }
  return secondsByClass(await timer.stop());
}

const secondsSince = (milliseconds: number): number => (performance.now() - milliseconds) / 1000;

async function timed<T>(task: () => Promise<T>): Promise<readonly [seconds: number, result: T]> {
  const start = performance.now();
  const result = await task();
  return [secondsSince(start), result];
}
