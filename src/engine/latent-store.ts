// Where a job's latents live: in this worker's memory or in device buffers. Each store joins, splits and feeds them.

import { GpuLatentMath, type GpuLatents } from "../ort/gpu-latent-math.ts";
import type { OrtRuntime } from "../ort/ort-runtime.ts";
import type { OrtSession, SessionInput } from "../ort/ort-session.ts";
import { cpuLatentMath } from "../sampling/cpu-math.ts";
import type { LatentMath } from "../sampling/sampler.ts";

const FLOAT_BYTES = 4;

export interface LatentStore<X> {
  readonly math: LatentMath<X>;
  /** x after x after x, `times` times over, as one operand. */
  repeat(x: X, times: number): X;
  /** Equal parts along the first dimension, as operands of their own. */
  split(x: X, parts: number): X[];
  /** What a session takes. */
  input(x: X): SessionInput;
  /** Runs a network that leaves its results in the store; those that are no float32 are good as inputs only. */
  runAll(
    session: OrtSession,
    feeds: Readonly<Record<string, SessionInput>>,
  ): Promise<Readonly<Record<string, X>>>;
  /** Runs a network that leaves its single result in the store. */
  run(session: OrtSession, feeds: Readonly<Record<string, SessionInput>>, output: string): Promise<X>;
  /** Frees every operand that was not released. */
  dispose(): void;
}

export function createCpuLatentStore(): LatentStore<Float32Array> {
  return {
    math: cpuLatentMath,
    repeat(x, times) {
      const repeated = new Float32Array(x.length * times);
      for (let i = 0; i < times; i++) repeated.set(x, i * x.length);
      return repeated;
    },
    split(x, parts) {
      const length = x.length / parts;
      return Array.from({ length: parts }, (_, i) => x.slice(i * length, (i + 1) * length));
    },
    input: (x) => x,
    runAll: (session, feeds) => session.run(feeds),
    run: async (session, feeds, output) => (await session.run(feeds))[output],
    dispose: () => undefined,
  };
}

export function createGpuLatentStore(runtime: OrtRuntime): LatentStore<GpuLatents> {
  const math = new GpuLatentMath(runtime);
  const runAll: LatentStore<GpuLatents>["runAll"] = async (session, feeds) => {
    const results = await session.runOnDevice(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { buffer, byteLength, release }]) => {
        // The runtime reuses its buffer for the next run, so the values move to one of ours.
        const x = math.copyOut(buffer, 0, byteLength / FLOAT_BYTES);
        release();
        return [name, x];
      }),
    );
  };
  return {
    math,
    repeat(x, times) {
      const repeated = math.allocate(x.length * times);
      for (let i = 0; i < times; i++) math.copy(x.buffer, 0, repeated.buffer, i * x.length, x.length);
      return repeated;
    },
    split(x, parts) {
      const length = x.length / parts;
      return Array.from({ length: parts }, (_, i) => math.copyOut(x.buffer, i * length, length));
    },
    input: (x) => x.buffer,
    runAll,
    run: async (session, feeds, output) => (await runAll(session, feeds))[output],
    dispose: () => math.dispose(),
  };
}
