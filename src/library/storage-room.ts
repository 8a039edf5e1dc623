// Whether a file fits, and the named error when it does not. Writes and deletes nothing.

import { AppError, isAppError } from "../protocol/app-error.ts";
import { formatBytes } from "../shared/format-bytes.ts";
import { isQuotaError } from "../shared/quota-error.ts";

/** Free bytes as the browser reports them. */
export type FreeSpace = () => Promise<number>;

export async function estimatedFreeSpace(): Promise<number> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return Math.max(0, quota - usage);
}

export function storageFull(where: string, need: number, have: number, cause?: unknown): AppError {
  // Chromium tells web pages about 10 GB whatever is free, to keep them from recognising the device.
  const told =
    have < need ? `only ${formatBytes(have)} are free for Kiln` : "the browser gives Kiln no more room";
  return new AppError(
    "StorageFull",
    `${where} needs ${formatBytes(need)}, but ${told}. Remove models or pictures, then try again.`,
    { where, expected: `${need} bytes free`, got: `${have} bytes free`, need, have },
    { cause },
  );
}

/** @throws AppError StorageFull before anything is written. */
export async function requireRoom(where: string, need: number, freeSpace: FreeSpace): Promise<void> {
  const have = await freeSpace();
  if (have < need) throw storageFull(where, need, have);
}

/** Runs a write; running out of space on the way becomes StorageFull too. */
export async function namingFullDisk<T>(
  where: string,
  need: number,
  freeSpace: FreeSpace,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (isAppError(cause) || !isQuotaError(cause)) throw cause;
    throw storageFull(where, need, await freeSpace(), cause);
  }
}
