// What an error's name means for the user: what was kept and what to do next. The sentence itself comes with the error.

import { msg } from "@lit/localize";
import type { AppErrorName, SerializedError } from "../protocol/app-error.ts";

const ADVICE: Readonly<Partial<Record<AppErrorName, () => string>>> = {
  InvalidRequest: () => msg("Nothing was made. Change that field and generate again."),
  FileFormat: () => msg("The file was left alone and nothing was stored."),
  UnsupportedModel: () => msg("The file was left alone and nothing was stored."),
  MissingTensor: () => msg("The model cannot be used. Your other models are untouched."),
  ShapeMismatch: () => msg("The model cannot be used. Your other models are untouched."),
  ModelNotFound: () => msg("The recipe is kept. Choose another model, or import this one again."),
  PictureNotFound: () => msg("Its recipe is still in the gallery, so it can be made again."),
  OutOfMemory: () => msg("The recipe is kept. Try a smaller size or a batch size of 1."),
  DeviceLost: () =>
    msg("The recipe is kept, and so are finished pictures. Try again: the device is started anew."),
  WorkerLost: () =>
    msg("The recipe is kept, and so are finished pictures. Try again: the engine is started anew."),
  NumericFailure: () => msg("The recipe is kept. Try another sampler or a lower CFG scale."),
  StorageFull: () => msg("Everything stored before is safe. Free some space and try again."),
  Network: () => msg("Nothing was lost. Try again when the network is back."),
  Unsupported: () => msg("This browser cannot do that."),
};

export function explainError(error: SerializedError): string {
  return ADVICE[error.name as AppErrorName]?.() ?? msg("The recipe is kept.");
}
