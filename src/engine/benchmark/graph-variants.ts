// Times other ways to write the same UNet against the way the app writes it, in turn on one device, and says how far their
// results differ. What the app does is decided by people who read the ratios; nothing is chosen here.

import type { Dialect } from "../../models/dialects.ts";
import type { UnetConfig } from "../../models/model-config.ts";
import { buildPromptKeys } from "../../models/prompt-keys.ts";
import { buildUnet, type UnetOptions } from "../../models/unet.ts";
import type { OnnxModel } from "../../onnx/onnx-model.ts";
import type { SessionInput } from "../../ort/ort-session.ts";
import type { VariantRow } from "../../protocol/benchmark-api.ts";
import { median } from "../../shared/median.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import type { MeasuredRuntime, MeasuredSession } from "./measure-component.ts";
import { benchmarkInputs } from "./measured-components.ts";

export interface VariedUnet {
  readonly model: string;
  readonly checkpoint: Checkpoint;
  readonly config: UnetConfig;
  readonly dialect: Dialect;
  /** Of a guided step. */
  readonly shape: Pick<UnetOptions, "batch" | "latentHeight" | "latentWidth" | "tokens">;
}

interface Variant {
  readonly name: string;
  readonly dialect?: Partial<Dialect>;
  readonly options?: Partial<UnetOptions>;
  /** Forwards of a step: the batch is shared out among them. */
  readonly runs?: number;
}

/** The app's own way, which the others are compared with. */
const OURS: Variant = { name: "as the app does it", options: { promptKeysFed: true } };

export const VARIANTS: readonly Variant[] = [
  { name: "keys and values of the prompt made in every step", options: { promptKeysFed: false } },
  { name: "guided halves in two runs", runs: 2 },
  { name: "attention written out", dialect: { fusedAttention: false } },
  { name: "gated GELU as two projections", dialect: { biasSplitGeluWidths: [] } },
  { name: "maps doubled before their convolution", dialect: { doublingConvolution: false } },
  { name: "GroupNorm as a layer norm over groups", dialect: { groupNorm: "layer" } },
];

type Feeds = Readonly<Record<string, SessionInput>>;

/**
 * @param rounds timed steps of each; every variant takes turns with the app's way, so that both meet the same machine.
 * @param clock in any unit; processor time where there is no device to wait for.
 */
export async function measureVariants(
  runtime: MeasuredRuntime,
  unet: VariedUnet,
  rounds: number,
  onVariant: (name: string) => void = () => undefined,
  clock: () => number = () => performance.now(),
): Promise<readonly VariantRow[]> {
  const inputs = await sharedInputs(runtime, unet);
  const ours = await stepOf(runtime, unet, OURS, inputs);
  const rows: VariantRow[] = [];
  try {
    const expected = await ours.run();
    for (const variant of VARIANTS) {
      onVariant(variant.name);
      rows.push({ model: unet.model, name: variant.name, ...(await compared(variant, expected)) });
    }
  } finally {
    await ours.release();
  }
  return rows;

  async function compared(
    variant: Variant,
    expected: Float32Array,
  ): Promise<Omit<VariantRow, "model" | "name">> {
    let step: Step | undefined;
    try {
      step = await stepOf(
        runtime,
        unet,
        { ...variant, options: { ...OURS.options, ...variant.options } },
        inputs,
      );
      const difference = relativeDifference(await step.run(), expected);
      return { ratio: await ratio(step, ours, rounds, clock), difference };
    } catch (error) {
      return { ratio: null, difference: null, failure: String(error) };
    } finally {
      await step?.release();
    }
  }
}

/** Another graph of a network with one output against the app's, on the same inputs, in turn. */
export async function compareGraphs(
  runtime: MeasuredRuntime,
  other: OnnxModel,
  own: OnnxModel,
  rounds: number,
  clock: () => number = () => performance.now(),
): Promise<{ readonly ratio: number; readonly difference: number }> {
  const feeds = benchmarkInputs(own.inputs);
  const steps: Step[] = [];
  try {
    for (const graph of [other, own]) {
      const session = await runtime.createSession(graph);
      const [{ name }] = graph.outputs;
      steps.push({ run: async () => (await session.run(feeds))[name], release: () => session.release() });
    }
    const [theirs, ours] = steps;
    const difference = relativeDifference(await theirs.run(), await ours.run());
    return { ratio: await ratio(theirs, ours, rounds, clock), difference };
  } finally {
    for (const step of steps) await step.release();
  }
}

/** What every variant takes some of: the plain graph's inputs, and the prompt's keys and values made of them. */
async function sharedInputs(runtime: MeasuredRuntime, unet: VariedUnet): Promise<Feeds> {
  const { checkpoint, config, dialect, shape } = unet;
  const plain = benchmarkInputs(buildUnet(checkpoint, config, { dialect, ...shape }).inputs);
  const rows = shape.batch * shape.tokens;
  const keys = await runtime.createSession(buildPromptKeys(checkpoint, config, { dialect, rows }));
  try {
    return { ...plain, ...(await keys.run({ context: plain.context })) };
  } finally {
    await keys.release();
  }
}

interface Step {
  run(): Promise<Float32Array>;
  release(): Promise<void>;
}

async function stepOf(
  runtime: MeasuredRuntime,
  { checkpoint, config, dialect, shape }: VariedUnet,
  { dialect: changes, options, runs = 1 }: Variant,
  inputs: Feeds,
): Promise<Step> {
  const batch = shape.batch / runs;
  const graph = buildUnet(checkpoint, config, {
    ...shape,
    ...options,
    batch,
    dialect: { ...dialect, ...changes },
  });
  const session = await runtime.createSession(graph);
  const feeds = Array.from({ length: runs }, (_, run) => partOf(graph, inputs, run));
  return { run: () => outputOf(session, feeds), release: () => session.release() };
}

async function outputOf(session: MeasuredSession, feeds: readonly Feeds[]): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (const feed of feeds) parts.push((await session.run(feed)).output);
  const [first] = parts;
  const joined = new Float32Array(first.length * parts.length);
  parts.forEach((part, i) => joined.set(part, i * first.length));
  return joined;
}

/** The items of one run's batch; the timestep is every run's. */
function partOf({ inputs }: OnnxModel, shared: Feeds, run: number): Feeds {
  return Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const length = shape.reduce((product, side) => product * side, 1);
      const values = shared[name] as Float32Array;
      return [name, name === "timestep" ? values : values.slice(run * length, (run + 1) * length)];
    }),
  );
}

async function ratio(step: Step, ours: Step, rounds: number, clock: () => number): Promise<number> {
  const taken: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++)
    for (const [i, each] of [step, ours].entries()) {
      const start = clock();
      await each.run();
      taken[i].push(clock() - start);
    }
  return median(taken[0]) / median(taken[1]);
}

/** Of the largest value expected. */
function relativeDifference(values: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0) / (largest || 1);
}
