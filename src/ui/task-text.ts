// What work over the library is doing, in one line. Numbers in, text out.

import { msg, str } from "@lit/localize";
import type { ImportProgress } from "../protocol/library-api.ts";
import type { MetadataProgress } from "../protocol/metadata-api.ts";
import type { SavingState } from "./controllers/saving-controller.ts";
import { formatBytes } from "./format-bytes.ts";

export type LibraryTask = "fetch" | "updates" | "hash";

const TASKS: Readonly<Record<LibraryTask, () => string>> = {
  fetch: () => msg("Fetching metadata"),
  updates: () => msg("Looking for newer versions"),
  hash: () => msg("Computing hashes"),
};

export function describeTask(task: LibraryTask, progress: MetadataProgress | undefined): string {
  const name = TASKS[task]();
  if (!progress) return name;
  return msg(str`${name}: ${progress.done} of ${progress.total}, ${progress.name}`);
}

export function describeImport({ fileName, bytesDone, bytesTotal }: ImportProgress, waiting: number): string {
  const text = msg(str`Importing ${fileName}: ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`);
  return waiting > 0 ? msg(str`${text} (${waiting} more)`) : text;
}

export function describeSaving({ name, bytesDone, bytesTotal }: NonNullable<SavingState["saving"]>): string {
  return msg(str`Saving ${name}: ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`);
}
