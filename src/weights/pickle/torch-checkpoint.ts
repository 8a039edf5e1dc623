// Opens .ckpt, .pt, .pth and .bin files that torch.save wrote: an index of their tensors, the bytes left where they are.
// Runs none of the code such files can carry, and knows no model.

import type { ByteSource } from "../byte-source.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { byteSizes } from "../dtypes.ts";
import { fileFormatError, quoted } from "../file-format.ts";
import type { TensorInfo } from "../tensor-info.ts";
import type { TorchTensor } from "./pickle-values.ts";
import { readStateDict } from "./state-dict.ts";
import type { TorchArchive } from "./torch-archive.ts";
import { openTorchLegacy } from "./torch-legacy.ts";
import { openTorchZip } from "./torch-zip.ts";

const SIGNATURE_BYTES = 4;

/** Both of torch's file forms, by what each of their first bytes may be. No .safetensors file begins like either. */
const forms: readonly {
  readonly signature: readonly (readonly number[])[];
  readonly open: (source: ByteSource) => Promise<TorchArchive>;
}[] = [
  { signature: [[0x50], [0x4b], [0x03], [0x04]], open: openTorchZip },
  // PROTO of 2 to 5, then the magic number: LONG1 of 10 bytes, or a FRAME of 13 around that.
  { signature: [[0x80], [2, 3, 4, 5], [0x8a, 0x95], [10, 13]], open: openTorchLegacy },
];

/** True for bytes that begin like a file of torch's; whether it is one shows when it is opened. */
export function startsLikeTorch(bytes: Uint8Array): boolean {
  return findForm(bytes) !== undefined;
}

function findForm(bytes: Uint8Array): (typeof forms)[number] | undefined {
  return forms.find(({ signature }) => signature.every((allowed, index) => allowed.includes(bytes[index])));
}

/** @throws AppError FileFormat that names the part of the file, what was expected and what was got. */
export async function openTorchCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const form = findForm(await source.read(0, Math.min(SIGNATURE_BYTES, source.byteLength)));
  if (!form) {
    throw fileFormatError(source.name, {
      where: "the file",
      expected: "begun as torch.save does (a ZIP file or a magic number)",
      got: source.byteLength === 0 ? "an empty file" : "other bytes",
    });
  }
  const archive = await form.open(source);
  const stateDict = readStateDict(archive.value, source.name);
  const starts = await locateStorages(archive, stateDict.values());
  const tensors = [...stateDict]
    .map(([key, tensor]) => describe(key, tensor, starts, source.name))
    // In file order, so that whoever loads everything reads forward.
    .sort((a, b) => a.start - b.start || a.end - b.end);
  return { source, tensors: new Map(tensors.map((tensor) => [tensor.key, tensor])), metadata: new Map() };
}

/** Only those that the state dict needs: a training checkpoint holds many more. */
async function locateStorages(
  archive: TorchArchive,
  tensors: Iterable<TorchTensor>,
): Promise<ReadonlyMap<string, number>> {
  const keys = [...new Set([...tensors].map((tensor) => tensor.storage.key))];
  return new Map(await Promise.all(keys.map(async (key) => [key, await archive.locate(key)] as const)));
}

function describe(
  key: string,
  tensor: TorchTensor,
  starts: ReadonlyMap<string, number>,
  file: string,
): TensorInfo {
  const { storage, dtype, shape } = tensor;
  const fault = (expected: string, got: string): Error =>
    fileFormatError(file, { where: `tensor ${quoted(key)}`, expected, got });
  if (!isContiguous(tensor)) {
    throw fault(
      `stored row by row (shape [${shape.join(", ")}], saved after .contiguous())`,
      `strides [${tensor.strides.join(", ")}]`,
    );
  }
  const size = byteSizes[dtype];
  // Inexact above 2^53, but then it is outside any storage all the same.
  const begin = storage.start + tensor.offset * size;
  const end = begin + shape.reduce((product, length) => product * length, size);
  if (end > storage.end) {
    throw fault(
      `within its storage's ${storage.end - storage.start} bytes`,
      `an end at ${end - storage.start}`,
    );
  }
  const base = starts.get(storage.key);
  if (base === undefined) throw new Error(`storage ${storage.key} was not located`);
  return { key, dtype, shape, start: base + begin, end: base + end };
}

/** As torch defines it: strides along dimensions of one element, or of tensors without any, do not matter. */
function isContiguous({ shape, strides }: TorchTensor): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    if (strides[axis] !== step) return false;
    step *= shape[axis];
  }
  return true;
}
