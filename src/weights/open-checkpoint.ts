// Opens a model file of any format read here, told by its first bytes and not by its name. Knows no model.

import type { ByteSource } from "./byte-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { openTorchCheckpoint, startsLikeTorch } from "./pickle/torch-checkpoint.ts";
import { openSafetensors } from "./safetensors.ts";

const SIGNATURE_BYTES = 4;

/** @throws AppError FileFormat that names the part of the file, what was expected and what was got. */
export async function openCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const start = await source.read(0, Math.min(SIGNATURE_BYTES, source.byteLength));
  return startsLikeTorch(start) ? openTorchCheckpoint(source) : openSafetensors(source);
}
