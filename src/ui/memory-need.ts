// How much memory a model will take on the device in use. The figures are the library's; this only picks one.

import type { DeviceReport } from "../protocol/engine-api.ts";
import type { ModelNeeds } from "../protocol/model-manifest.ts";

/** In bytes. Until the engine has told its device, and where only that is known, what float32 takes. */
export function memoryOn(
  device: Pick<DeviceReport, "precision"> | undefined,
  { memoryBytes, memoryBytesFloat16 = memoryBytes }: ModelNeeds,
): number {
  return device?.precision === "float16" ? memoryBytesFloat16 : memoryBytes;
}
