// The one way this folder says that a published graph cannot do what was asked of it. Holds no rule.

import { AppError } from "../../protocol/app-error.ts";

/** `what` goes on after the model's name and "is published as ONNX graphs and". */
export function invalidExport(where: string, modelName: string, what: string, got: unknown): AppError {
  return new AppError("InvalidRequest", `${modelName} is published as ONNX graphs and ${what}.`, {
    where,
    expected: what,
    got: String(got),
  });
}
