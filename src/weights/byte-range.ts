// Checks shared by every byte source: a range lies inside the file, and what came back is all of it. Reads nothing.

import { fileFormatError } from "./file-format.ts";

export function checkRange(file: string, byteLength: number, start: number, end: number): void {
  if (
    Number.isSafeInteger(start) &&
    Number.isSafeInteger(end) &&
    start >= 0 &&
    start <= end &&
    end <= byteLength
  ) {
    return;
  }
  throw fileFormatError(file, {
    where: `bytes ${start} to ${end}`,
    expected: `inside the file's ${byteLength} bytes`,
    got: "a range outside it",
  });
}

export function checkLength(file: string, start: number, end: number, got: number): void {
  if (got === end - start) return;
  throw fileFormatError(file, {
    where: `bytes ${start} to ${end}`,
    expected: `${end - start} bytes`,
    got: `${got} bytes (the file is truncated)`,
  });
}
