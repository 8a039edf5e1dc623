// The globals that a torch pickle may name, each with what stands for it here; everything else is refused by its name.
// No entry calls anything but this file's own functions.

import { quoted } from "../file-format.ts";
import type { DType } from "../tensor-info.ts";
import { PickleFault, PickleRefusal } from "./pickle-fault.ts";
import { emptyDict, isKind, isNatural, kindOfPickle } from "./pickle-values.ts";
import type { GlobalCall, GlobalRole, PickleGlobal, PickleValue } from "./pickle-values.ts";

// More than any published tensor has; keeps a hostile shape from making messages and graphs large.
const MAX_RANK = 16;

/** Stored whole numbers: a shape, or strides. */
function naturals(value: PickleValue | undefined, what: string): readonly number[] {
  if (!isKind(value, "tuple")) throw new PickleFault(`${what} in a tuple`, kindOfPickle(value));
  if (value.items.length > MAX_RANK) {
    throw new PickleFault(`${what} of at most ${MAX_RANK} dimensions`, `${value.items.length}`);
  }
  return value.items.map((item) => {
    if (!isNatural(item)) throw new PickleFault(`${what} of whole numbers of at least 0`, text(item));
    return item;
  });
}

function text(value: PickleValue | undefined): string {
  return typeof value === "number" || typeof value === "bigint" ? `${value}` : kindOfPickle(value);
}

function rebuild(args: readonly PickleValue[], dtype?: DType): PickleValue {
  const [storage, offset, size, stride] = args;
  if (!isKind(storage, "storage")) throw new PickleFault("a storage to view", kindOfPickle(storage));
  if (!isNatural(offset)) throw new PickleFault("an offset of at least 0", text(offset));
  const shape = naturals(size, "a shape");
  const strides = naturals(stride, "strides");
  if (shape.length !== strides.length) {
    throw new PickleFault(`${shape.length} strides, as many as dimensions`, `${strides.length}`);
  }
  return { kind: "tensor", storage, dtype: dtype ?? storage.dtype, offset, shape, strides };
}

/** torch marks tensors that are to be read negated or conjugated. */
function refuseMetadata(metadata: PickleValue | undefined): void {
  if (metadata === undefined || metadata === null) return;
  if (isKind(metadata, "dict") && metadata.entries.size === 0) return;
  throw new PickleFault("a tensor as it is stored", "one to be read conjugated or negated");
}

/** (storage, offset, size, stride, requires_grad, hooks, metadata?) */
const rebuildTensor: GlobalCall = (args) => {
  refuseMetadata(args[6]);
  return rebuild(args);
};

/** (storage, offset, size, stride, requires_grad, hooks, dtype, metadata?): dtypes newer than typed storages, as float8. */
const rebuildTypedTensor: GlobalCall = (args) => {
  const dtype = args[6];
  if (!isKind(dtype, "global") || dtype.role.type !== "dtype") {
    throw new PickleFault("a dtype", kindOfPickle(dtype));
  }
  refuseMetadata(args[7]);
  return rebuild(args, dtype.role.dtype);
};

/** (tensor, requires_grad, hooks, state?) */
const rebuildParameter: GlobalCall = ([tensor]) => {
  if (!isKind(tensor, "tensor")) throw new PickleFault("a parameter's tensor", kindOfPickle(tensor));
  return tensor;
};

/** An OrderedDict begins empty and is filled; Python 2 passed a list of [key, value] instead. */
const orderedDict: GlobalCall = ([pairs], spend) => {
  const dict = emptyDict(spend);
  if (pairs === undefined) return dict;
  if (!isKind(pairs, "list")) throw new PickleFault("a list of pairs", kindOfPickle(pairs));
  spend(pairs.items.length);
  for (const pair of pairs.items) {
    if (!(isKind(pair, "list") || isKind(pair, "tuple")) || pair.items.length !== 2) {
      throw new PickleFault("a key and a value", kindOfPickle(pair));
    }
    dict.entries.set(pair.items[0], pair.items[1]);
  }
  return dict;
};

/** (default factory), which is never asked for a value. */
const defaultDict: GlobalCall = (_, spend) => emptyDict(spend);

/** torch.Size is a tuple. */
const size: GlobalCall = ([items]) => {
  if (!isKind(items, "tuple")) throw new PickleFault("a shape in a tuple", kindOfPickle(items));
  return items;
};

const functions: Readonly<Record<string, GlobalCall>> = {
  "torch._utils._rebuild_tensor": (args) => rebuild(args),
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_tensor_v3": rebuildTypedTensor,
  "torch._utils._rebuild_parameter": rebuildParameter,
  "torch._utils._rebuild_parameter_with_state": rebuildParameter,
  "torch.Size": size,
  "collections.OrderedDict": orderedDict,
  "collections.defaultdict": defaultDict,
};

const storageClasses: Readonly<Record<string, DType>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
  UntypedStorage: "U8",
};
// Where torch's versions kept them; "cuda" classes only say where a tensor was when it was saved.
const storageModules = ["torch", "torch.cuda", "torch.storage"];

const dtypes: Readonly<Record<string, DType>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  float8_e4m3fn: "F8_E4M3",
  float8_e5m2: "F8_E5M2",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};

/** Met beside the tensors of published files; kept by name, never looked into. */
const inertNames: readonly string[] = [
  // Arguments and metrics of training runs.
  "argparse.Namespace",
  "pathlib.PosixPath",
  "pathlib.WindowsPath",
  "torch.device",
  "numpy.core.multiarray.scalar",
  "numpy.core.multiarray._reconstruct",
  "numpy._core.multiarray.scalar",
  "numpy._core.multiarray._reconstruct",
  "numpy.dtype",
  "numpy.ndarray",
  "_codecs.encode",
  // Every torch.nn module holds a set; "__builtin__" is Python 2's name, which protocol 2 keeps.
  "__builtin__.set",
  "builtins.set",
  // Default factories.
  "__builtin__.dict",
  "builtins.dict",
  "__builtin__.list",
  "builtins.list",
];

/** Packages whose classes are kept inert: modules saved whole, of which the state dict is taken, and callbacks. */
const inertPackages: readonly string[] = [
  "torch.nn",
  "pytorch_lightning", // callbacks of SD 1.x checkpoints
  "ultralytics", // YOLOv8 and newer
  "models.yolo", // YOLOv5
  "models.common",
  "basicsr.archs", // ESRGAN
];

const roles: ReadonlyMap<string, GlobalRole> = new Map([
  ...Object.entries(functions).map(([name, call]): [string, GlobalRole] => [
    name,
    { type: "function", call },
  ]),
  ...storageModules.flatMap((module) =>
    Object.entries(storageClasses).map(([name, dtype]): [string, GlobalRole] => [
      `${module}.${name}`,
      { type: "storage", dtype },
    ]),
  ),
  ...Object.entries(dtypes).map(([name, dtype]): [string, GlobalRole] => [
    `torch.${name}`,
    { type: "dtype", dtype },
  ]),
  ...inertNames.map((name): [string, GlobalRole] => [name, { type: "inert" }]),
]);

const MAX_NAME_LENGTH = 256;
const MODULE = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
// Without dots: protocol 4 would let a name walk from a class to the globals of its methods.
const NAME = /^[A-Za-z_]\w*$/;

function isInertClass(module: string): boolean {
  return inertPackages.some((root) => module === root || module.startsWith(`${root}.`));
}

export function torchGlobal(module: string, name: string): PickleGlobal {
  const full = `${module}.${name}`;
  if (full.length <= MAX_NAME_LENGTH && MODULE.test(module) && NAME.test(name)) {
    const role = roles.get(full) ?? (isInertClass(module) ? ({ type: "inert" } as const) : undefined);
    if (role) return { kind: "global", name: full, role };
  }
  throw new PickleRefusal("a global that tensors are rebuilt with", quoted(full));
}
