// How the pickle reader says what is wrong, and how that becomes an error a user can read. Reads nothing.

import { AppError } from "../../protocol/app-error.ts";
import { fileFormatError } from "../file-format.ts";

/** Thrown by operations, which do not know where in the file they run; the machine adds that. */
export class PickleFault extends Error {
  override readonly name = "PickleFault";
  readonly expected: string;
  readonly got: string;

  constructor(expected: string, got: string) {
    super(`expected ${expected}, got ${got}`);
    this.expected = expected;
    this.got = got;
  }
}

/** A well-formed request for something that is never granted: a global or an opcode outside the tables. */
export class PickleRefusal extends PickleFault {}

/** The pickle goes on behind the bytes at hand: more of the file is needed, or the file is cut short. */
export class PickleTruncated extends Error {
  override readonly name = "PickleTruncated";
  /** Position behind the last byte that was asked for. */
  readonly needed: number;

  constructor(needed: number) {
    super(`expected at least ${needed} bytes`);
    this.needed = needed;
  }
}

/** @param where part of the file and position: "data.pkl, byte 120 (REDUCE)" */
export function pickleError(file: string, where: string, fault: PickleFault): AppError {
  const { expected, got } = fault;
  if (!(fault instanceof PickleRefusal)) {
    return fileFormatError(file, { where, expected, got }, { cause: fault });
  }
  return new AppError(
    "FileFormat",
    `${file} was refused: ${where} asks for ${got}, which is not ${expected}. Nothing in the file was run.`,
    { file, where, expected, got },
    { cause: fault },
  );
}
