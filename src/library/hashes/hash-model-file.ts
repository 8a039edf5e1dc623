// Hashes one model file of any size in chunks, with what its own metadata claims. Keeps nothing.

import type { ModelHashes } from "../../protocol/model-hashes.ts";
import { openCheckpoint } from "../../weights/open-checkpoint.ts";
import type { ByteSource } from "../../weights/byte-source.ts";
import { StreamHasher } from "./stream-hasher.ts";

const CHUNK_BYTES = 4 * 1024 * 1024;
// The metadata keys in use: kohya's network hashes, the Stability model specification, OneTrainer.
const EMBEDDED_KEYS = ["sshs_model_hash", "sshs_legacy_hash", "modelspec.hash_sha256"];
const EMBEDDED_HASH = /^(?:0x)?([0-9a-f]{8,64})$/i;

export interface HashOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytesDone: number) => void;
}

export async function hashModelFile(source: ByteSource, options: HashOptions = {}): Promise<ModelHashes> {
  const { signal, onProgress } = options;
  const hasher = await StreamHasher.create(await payloadStartOf(source));
  for (let start = 0; start < source.byteLength; start += CHUNK_BYTES) {
    signal?.throwIfAborted();
    const end = Math.min(start + CHUNK_BYTES, source.byteLength);
    hasher.update(await source.read(start, end));
    onProgress?.(end);
  }
  return hasher.finish(await embeddedHashes(source));
}

/** Any file may be asked about, so a header that cannot be is no error here: the file just has no AutoV3. */
async function payloadStartOf(source: ByteSource): Promise<number | undefined> {
  if (!/\.safetensors$/i.test(source.name) || source.byteLength < 8) return undefined;
  const bytes = await source.read(0, 8);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  const start = 8 + Number(length);
  return start <= source.byteLength ? start : undefined;
}

async function embeddedHashes(source: ByteSource): Promise<Readonly<Record<string, string>>> {
  const metadata = await openCheckpoint(source).then(
    (checkpoint) => checkpoint.metadata,
    () => new Map<string, string>(),
  );
  const found: Record<string, string> = {};
  for (const key of EMBEDDED_KEYS) {
    const hash = EMBEDDED_HASH.exec(metadata.get(key)?.trim() ?? "")?.[1];
    if (hash !== undefined) found[key] = hash.toLowerCase();
  }
  return found;
}
