// Finds the state dict in what a pickle held: unwraps what training code wraps it in, and joins nested names with dots.
// Looks at names only; whether a tensor's bytes exist is checked by who locates them.

import { fileFormatError, quoted } from "../file-format.ts";
import { isKind, isNatural } from "./pickle-values.ts";
import type { PickleDict, PickleObject, PickleValue, TorchTensor } from "./pickle-values.ts";

// Published networks nest about ten modules deep.
const MAX_DEPTH = 64;
// A few thousand are usual. Values may refer to one another many times over, so this bounds time and memory.
const MAX_VISITS = 1_000_000;
// Ten times what the largest published networks have.
const MAX_TENSORS = 50_000;
// Lightning's state_dict around another one is the most that is met.
const MAX_WRAPPERS = 4;
// The longest published names are below 200 characters.
const MAX_KEY_LENGTH = 1024;

/** Where training code keeps the weights that it means to be used, best first. */
const wrappers: readonly string[] = [
  "state_dict", // Lightning, and Stable Diffusion's .ckpt with it
  "params_ema", // BasicSR: ESRGAN and its kin
  "params",
  "ema", // YOLO; None where the model is the average already
  "model_state_dict",
  "model",
  "module", // DeepSpeed
];

/** Put before every key by wrapper modules, and of no meaning. */
const prefixes: readonly string[] = [
  "module.", // DataParallel
  "_orig_mod.", // torch.compile
];

interface Walk {
  readonly file: string;
  readonly tensors: Map<string, TorchTensor>;
  visits: number;
}

/** @throws AppError FileFormat when there is no tensor, or more nesting than any model has. */
export function readStateDict(root: PickleValue, file: string): ReadonlyMap<string, TorchTensor> {
  const walk: Walk = { file, tensors: new Map(), visits: 0 };
  collect(unwrap(root), "", 0, walk);
  if (walk.tensors.size === 0) {
    throw fileFormatError(file, { where: "its contents", expected: "tensors with names", got: "none" });
  }
  return prefixes.reduce(withoutPrefix, walk.tensors);
}

function unwrap(root: PickleValue): PickleValue {
  let value = root;
  for (let depth = 0; depth < MAX_WRAPPERS; depth++) {
    if (!isKind(value, "dict")) return value;
    const { entries } = value;
    if ([...entries.values()].some((item) => isKind(item, "tensor"))) return value;
    const inner = wrappers.map((name) => entries.get(name)).find(isContainer);
    if (inner === undefined) return value;
    value = inner;
  }
  return value;
}

function isContainer(value: PickleValue | undefined): value is PickleDict | PickleObject {
  return isKind(value, "dict") || (isKind(value, "object") && moduleParts(value).length > 0);
}

/** Parameters, buffers and submodules of a torch.nn.Module saved whole, in state_dict's order. */
function moduleParts({ state }: PickleObject): PickleDict[] {
  if (!isKind(state, "dict")) return [];
  return ["_parameters", "_buffers", "_modules"]
    .map((name) => state.entries.get(name))
    .filter((part) => isKind(part, "dict"));
}

function collect(value: PickleValue, key: string, depth: number, walk: Walk): void {
  const fault = (expected: string, got: string): Error =>
    fileFormatError(walk.file, { where: `tensor ${quoted(key)}`, expected, got });
  if (isKind(value, "tensor")) {
    if (key === "") throw fault("named", "no name");
    if (walk.tensors.has(key)) throw fault("the only one of its name", "another one");
    if (walk.tensors.size === MAX_TENSORS) throw fault(`among at most ${MAX_TENSORS} tensors`, "more");
    walk.tensors.set(key, value);
    return;
  }
  const parts = children(value);
  if (parts.length > 0 && depth === MAX_DEPTH) throw fault(`nested at most ${MAX_DEPTH} deep`, "more");
  for (const part of parts) {
    for (const [name, child] of part) {
      if (++walk.visits > MAX_VISITS) throw fault(`among at most ${MAX_VISITS} values`, "more");
      if (typeof child !== "object" || (typeof name !== "string" && !isNatural(name))) continue;
      const childKey = key === "" ? `${name}` : `${key}.${name}`;
      if (childKey.length > MAX_KEY_LENGTH)
        throw fault(`a name of at most ${MAX_KEY_LENGTH} characters`, "longer");
      collect(child, childKey, depth + 1, walk);
    }
  }
}

function children(value: PickleValue): readonly Iterable<readonly [PickleValue, PickleValue]>[] {
  if (isKind(value, "dict")) return [value.entries];
  if (isKind(value, "list") || isKind(value, "tuple")) return [value.items.entries()];
  if (isKind(value, "object")) return moduleParts(value).map((part) => part.entries);
  return [];
}

function withoutPrefix(
  tensors: ReadonlyMap<string, TorchTensor>,
  prefix: string,
): ReadonlyMap<string, TorchTensor> {
  const all = [...tensors];
  if (!all.every(([key]) => key.startsWith(prefix))) return tensors;
  return new Map(all.map(([key, tensor]) => [key.slice(prefix.length), tensor]));
}
