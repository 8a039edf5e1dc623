// Turns failures of browser storage into named errors. Does not decide what to do about them.

import { AppError, isAppError } from "../protocol/app-error.ts";
import { formatBytes } from "../shared/format-bytes.ts";
import { isQuotaError } from "../shared/quota-error.ts";

/** Runs a write of `need` bytes; a full disk becomes StorageFull with what was needed and what is left. */
export async function namingStorageErrors<T>(
  where: string,
  need: number,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (isAppError(cause) || !isQuotaError(cause)) throw cause;
    const { quota = 0, usage = 0 } =
      (await globalThis.navigator?.storage?.estimate().catch(() => undefined)) ?? {};
    const have = Math.max(0, quota - usage);
    throw new AppError(
      "StorageFull",
      `There is no room left to store ${where} (${formatBytes(need)}). Delete pictures or models, then try again.`,
      { where, expected: `${need} bytes free`, got: `${have} bytes free`, need, have },
      { cause },
    );
  }
}
