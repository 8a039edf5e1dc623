// The one way this folder says that a file is not what its format promises. Holds no parser.

import { AppError } from "../protocol/app-error.ts";

export interface FormatFault {
  /** Part of the file: "header length", "tensor model.x.weight". */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

export function fileFormatError(file: string, fault: FormatFault, options?: ErrorOptions): AppError {
  return new AppError(
    "FileFormat",
    `${file} is damaged or not a model file: ${fault.where} should be ${fault.expected}, got ${fault.got}.`,
    { file, ...fault },
    options,
  );
}

/** Text of a hostile file made fit for a message: short, on one line. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
