// Reads LoRA and LyCORIS files: which weights of a model they change, and how. An index over the file; deltas are read from
// it when they are asked for. Merges nothing.

import { elementCount } from "../../onnx/graph.ts";
import { AppError } from "../../protocol/app-error.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { isFloating, widenToFloat32 } from "../../weights/dtypes.ts";
import { fileFormatError } from "../../weights/file-format.ts";
import type { TensorInfo } from "../../weights/tensor-info.ts";
import type { DetectedModel } from "../model-config.ts";
import { parseAdapterKey } from "./adapter-keys.ts";
import type { AdapterTarget, TargetModule } from "./adapter-targets.ts";
import { adapterTargets } from "./adapter-targets.ts";
import type { DeltaPlan, PartValues } from "./delta-kinds.ts";
import { addDelta, deltaKindOf, planDelta } from "./delta-kinds.ts";
import type { LowRank } from "./low-rank.ts";
import { lowRankFactors } from "./low-rank.ts";
import type { Magnitude, WeightDelta } from "./merged-weight.ts";
import { peftAlpha } from "./peft-metadata.ts";

export interface Lora {
  /** The file's name. */
  readonly name: string;
  /** By the model's key in the original layout; several where a fused weight's rows are adapted apart. */
  readonly patches: ReadonlyMap<string, readonly LoraPatch[]>;
  /** Keys of the file that mean nothing to this model, in file order. */
  readonly unmatched: readonly string[];
}

/** One module's change, as it lies in the file. */
export interface LoraPatch {
  readonly checkpoint: Checkpoint;
  readonly target: AdapterTarget;
  readonly plan: DeltaPlan;
  /** A stored scalar, or what the file's metadata say; absent: the rank. */
  readonly alpha?: TensorInfo | number;
  readonly magnitude?: { readonly axis: Magnitude["axis"]; readonly tensor: TensorInfo };
}

// Names in messages of files that may have thousands.
const MAX_NAMED_KEYS = 3;

interface FileModule {
  readonly target: TargetModule;
  readonly name: string;
  readonly parts: Map<string, TensorInfo>;
}

/**
 * Reads names and shapes only.
 * @throws AppError UnsupportedModel when nothing in the file is for this model, MissingTensor when a module lacks a part, and
 * ShapeMismatch when sizes disagree, as those of an adapter for another family do.
 */
export function readLora(checkpoint: Checkpoint, model: DetectedModel): Lora {
  const { modules, unmatched } = modulesOfFile(checkpoint, model);
  const patches = new Map<string, LoraPatch[]>();
  const add = (patch: LoraPatch): void => {
    const { key } = patch.target;
    patches.set(key, [...(patches.get(key) ?? []), patch]);
  };
  for (const module of modules) {
    const { parts, target } = module;
    const biasDiff = parts.get("bias_diff");
    parts.delete("bias_diff");
    if (biasDiff && target.bias) {
      add(patchOf(checkpoint, target.bias, module.name, new Map([["diff", biasDiff]])));
    } else if (biasDiff) {
      unmatched.push(biasDiff.key);
    }
    if (deltaKindOf(parts)) add(patchOf(checkpoint, target.weight, module.name, parts));
    else unmatched.push(...[...parts.values()].map(({ key }) => key));
  }
  if (patches.size === 0) throw nothingMatches(checkpoint, model);
  return { name: checkpoint.source.name, patches, unmatched };
}

function modulesOfFile(
  checkpoint: Checkpoint,
  model: DetectedModel,
): { readonly modules: Iterable<FileModule>; readonly unmatched: string[] } {
  const findModule = adapterTargets(model);
  const modules = new Map<TargetModule, FileModule>();
  const unmatched: string[] = [];
  for (const [key, tensor] of checkpoint.tensors) {
    const parsed = parseAdapterKey(key);
    const target = parsed && findModule(parsed.module);
    if (!parsed || !target) {
      unmatched.push(key);
      continue;
    }
    let module = modules.get(target);
    if (!module) modules.set(target, (module = { target, name: parsed.module, parts: new Map() }));
    const other = module.parts.get(parsed.part);
    if (other) {
      throw fileFormatError(checkpoint.source.name, {
        where: key,
        expected: "the only tensor of its meaning",
        got: `${other.key} beside it`,
      });
    }
    module.parts.set(parsed.part, tensor);
  }
  return { modules: modules.values(), unmatched };
}

function patchOf(
  checkpoint: Checkpoint,
  target: AdapterTarget,
  name: string,
  parts: ReadonlyMap<string, TensorInfo>,
): LoraPatch {
  const kind = deltaKindOf(parts)!;
  const [rows, inputs = 1, ...kernel] = target.shape;
  const plan = planDelta(kind, parts, { rows, inputs, kernel: elementCount(kernel) });
  const known = [...parts.values()][0].key;
  if ("part" in plan) {
    const { part, expected, got } = plan;
    const where = parts.get(part)?.key ?? `${known.slice(0, known.lastIndexOf("."))}, ${part}`;
    throw mismatch(checkpoint, where, `${expected}, for ${target.key} [${target.shape.join(", ")}]`, got);
  }
  for (const tensor of parts.values()) {
    if (isFloating(tensor.dtype) || tensor === parts.get("alpha")) continue;
    throw fileFormatError(checkpoint.source.name, {
      where: tensor.key,
      expected: "floating-point numbers",
      got: tensor.dtype,
    });
  }
  const alpha = parts.get("alpha");
  if (alpha && elementCount(alpha.shape) !== 1) {
    throw mismatch(checkpoint, alpha.key, "one number", alpha.shape);
  }
  const stated = alpha ?? (plan.rank === undefined ? undefined : peftAlpha(checkpoint, name, plan.rank));
  const magnitude = magnitudeOf(checkpoint, parts, rows, inputs);
  return {
    checkpoint,
    target,
    plan,
    ...(stated !== undefined && { alpha: stated }),
    ...(magnitude && { magnitude }),
  };
}

/** PEFT's lengths are of outputs; LyCORIS' of either, told by the axis they lie along. */
function magnitudeOf(
  checkpoint: Checkpoint,
  parts: ReadonlyMap<string, TensorInfo>,
  outputs: number,
  inputs: number,
): LoraPatch["magnitude"] {
  const peft = parts.get("magnitude");
  const tensor = peft ?? parts.get("dora_scale");
  if (!tensor) return undefined;
  const count = elementCount(tensor.shape);
  if (count === outputs && (peft !== undefined || tensor.shape[0] === outputs)) {
    return { axis: "outputs", tensor };
  }
  if (peft === undefined && count === inputs && tensor.shape[1] === inputs) return { axis: "inputs", tensor };
  const expected = peft ? `[${outputs}]` : `[${outputs}, 1] or [1, ${inputs}]`;
  throw mismatch(checkpoint, tensor.key, expected, tensor.shape);
}

function mismatch(
  checkpoint: Checkpoint,
  where: string,
  expected: string,
  shape: readonly number[] | undefined,
): AppError {
  const file = checkpoint.source.name;
  const got = shape ? `[${shape.join(", ")}]` : "nothing";
  return new AppError(
    shape ? "ShapeMismatch" : "MissingTensor",
    `${file}: ${where} should be ${expected}, got ${got}.`,
    { file, where, expected, got },
  );
}

function nothingMatches(checkpoint: Checkpoint, model: DetectedModel): AppError {
  const file = checkpoint.source.name;
  const keys = [...checkpoint.tensors.keys()];
  const named = keys.slice(0, MAX_NAMED_KEYS).map((key) => key.slice(0, 120));
  const got = `${keys.length} tensors: ${named.join(", ")}${keys.length > named.length ? ", ..." : ""}`;
  const expected = `a LoRA for ${model.family.name}`;
  return new AppError("UnsupportedModel", `${file} should be ${expected}, got ${got}.`, {
    file,
    where: "the names of its tensors",
    expected,
    got,
  });
}

function tensorsOf({ plan, alpha, magnitude }: LoraPatch): readonly TensorInfo[] {
  const factors = plan.factors.flatMap(({ names }) => [names.whole, names.a, names.b, names.core]);
  const parts = factors.flatMap((name) => (name === undefined ? [] : (plan.parts.get(name) ?? [])));
  return [...parts, ...(typeof alpha === "object" ? [alpha] : []), ...(magnitude ? [magnitude.tensor] : [])];
}

type Floats = ReadonlyMap<TensorInfo, Float32Array>;

async function readFloats(patch: LoraPatch): Promise<Floats> {
  const { source } = patch.checkpoint;
  const read = tensorsOf(patch).map(
    async (tensor) =>
      [tensor, widenToFloat32(await source.read(tensor.start, tensor.end), tensor.dtype)] as const,
  );
  return new Map(await Promise.all(read));
}

export async function readDelta(patch: LoraPatch): Promise<WeightDelta> {
  return deltaOf(patch, await readFloats(patch));
}

/** The same where the source can be read synchronously. */
export function readDeltaSync(patch: LoraPatch): WeightDelta {
  const { source } = patch.checkpoint;
  return deltaOf(
    patch,
    new Map(
      tensorsOf(patch).map((tensor) => [
        tensor,
        widenToFloat32(source.readSync(tensor.start, tensor.end), tensor.dtype),
      ]),
    ),
  );
}

/** For patches that have a low rank; the scale of the file's alpha is in `up`. */
export async function readLowRank(patch: LoraPatch): Promise<LowRank> {
  const floats = await readFloats(patch);
  const { rank, down, up } = lowRankFactors(patch.plan, partValues(patch, floats));
  const scale = scaleOf(patch, alphaOf(patch, floats));
  return { rank, down, up: scale === 1 ? up : up.map((value) => value * scale) };
}

function partValues({ plan }: LoraPatch, floats: Floats): PartValues {
  return new Map(
    [...plan.parts].flatMap(([part, tensor]) => {
      const found = floats.get(tensor);
      return found ? [[part, found] as const] : [];
    }),
  );
}

function alphaOf({ alpha }: LoraPatch, floats: Floats): number | undefined {
  return typeof alpha === "object" ? floats.get(alpha)![0] : alpha;
}

function deltaOf(patch: LoraPatch, floats: Floats): WeightDelta {
  const { plan, target, magnitude } = patch;
  const values = partValues(patch, floats);
  const scale = scaleOf(patch, alphaOf(patch, floats));
  return {
    rows: target.rows,
    addTo: (weight, factor) => addDelta(weight, plan, values, factor * scale),
    ...(magnitude && { magnitude: { axis: magnitude.axis, lengths: floats.get(magnitude.tensor)! } }),
  };
}

function scaleOf({ plan, checkpoint, alpha }: LoraPatch, value: number | undefined): number {
  if (value === undefined || plan.rank === undefined) return 1;
  if (Number.isFinite(value)) return value / plan.rank;
  throw fileFormatError(checkpoint.source.name, {
    where: typeof alpha === "object" ? alpha.key : "alpha",
    expected: "a finite number",
    got: String(value),
  });
}
