// Turns what the runtime, WebAssembly and WebGPU throw into named failures. Decides nothing about recovery.

import { AppError, isAppError } from "../protocol/app-error.ts";

/** Messages that mean "no memory left", from the runtime's allocator, WebAssembly, V8 and Dawn. */
const OUT_OF_MEMORY =
  /out of memory|bad_alloc|bad alloc|allocation failed|failed to allocate|memory\.grow|cannot enlarge memory|Array buffer allocation|exceeds the max (buffer )?size|larger than the maximum/i;

const DEVICE_LOST =
  /device (was |is )?lost|device_lost|lost device|GPUDevice.*destroyed|device is destroyed/i;

/** `where` names the component, such as "unet"; anything unknown stays what it was. */
export function runtimeFailure(error: unknown, where: string): unknown {
  if (isAppError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (DEVICE_LOST.test(text)) return deviceLost(where, text, error);
  if (OUT_OF_MEMORY.test(text) || error instanceof RangeError) return outOfMemory(where, text, error);
  return error;
}

export function deviceLost(where: string, reason: string, cause?: unknown): AppError {
  return new AppError(
    "DeviceLost",
    "The graphics device was lost, so this picture could not be finished. The next one starts on a new device.",
    { where, expected: "a working GPU device", got: reason },
    { cause },
  );
}

export function outOfMemory(where: string, reason: string, cause?: unknown): AppError {
  return new AppError(
    "OutOfMemory",
    `There is not enough memory for the ${where}. Try a smaller size, a smaller batch or a smaller model.`,
    { where, expected: "enough free memory", got: reason },
    { cause },
  );
}
