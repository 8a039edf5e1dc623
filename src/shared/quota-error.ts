// Recognises the ways browsers say that the disk or the origin's quota is full. Does not measure storage.

/** True for QuotaExceededError, however deep it sits in the `cause` chain. */
export function isQuotaError(error: unknown): boolean {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 8;
    current = current.cause, depth++
  ) {
    if (current.name === "QuotaExceededError" || current.name === "NS_ERROR_FILE_NO_DEVICE_SPACE")
      return true;
  }
  return false;
}
