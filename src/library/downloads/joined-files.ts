// The list of files that make up one download: its checks and what follows from it. Downloads nothing.

import { AppError } from "../../protocol/app-error.ts";
import type { Download, DownloadFile, SourceHosts } from "../../protocol/downloads-api.ts";
import { locate } from "../sources/sources.ts";

// A sharded model of a hundred files would be beyond any browser; a list of this length is none of a model.
const MAX_FILES = 400;
const SAFE_PATH = /^(?!\.{0,2}(\/|$))(?!.*\/\.{0,2}(\/|$))[^\\\p{Cc}]{1,400}$/u;

/** With addresses in their canonical form. @throws AppError InvalidRequest. */
export function joinedFacts(
  files: readonly DownloadFile[],
  hosts: SourceHosts,
): { readonly files: readonly DownloadFile[]; readonly bytes: number } {
  if (files.length === 0 || files.length > MAX_FILES) {
    throw notAModel("files", `1 to ${MAX_FILES} files`, String(files.length));
  }
  const paths = new Set<string>();
  const checked = files.map((file) => {
    const { path, bytes, sha256, gitHash } = file;
    if (!SAFE_PATH.test(path)) throw notAModel(path, "a path below the model's folder", path);
    if (paths.has(path)) throw notAModel(path, "each file once", "it twice");
    paths.add(path);
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw notAModel(path, "its size in bytes", String(bytes));
    return {
      ...{ path, bytes, address: locate(file.address, hosts).address },
      alternatives: (file.alternatives ?? []).map((address) => locate(address, hosts).address),
      ...(sha256 !== undefined && { sha256: sha256.toLowerCase() }),
      ...(gitHash !== undefined && { gitHash: gitHash.toLowerCase() }),
    };
  });
  return { files: checked, bytes: checked.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Two forms of one model have the same address, but other files. */
export function sameFiles(
  a: readonly DownloadFile[] | undefined,
  b: readonly DownloadFile[] | undefined,
): boolean {
  if (a?.length !== b?.length) return false;
  return (a ?? []).every(({ path, address }, i) => path === b?.[i].path && address === b[i].address);
}

export function oneOfSeveral({ id, title }: Pick<Download, "id" | "title">): AppError {
  return new AppError(
    "InvalidRequest",
    `${title} consists of several files, so one file cannot take its place. Add the folder that they are in.`,
    { where: id, expected: "a folder", got: "a file" },
  );
}

function notAModel(where: string, expected: string, got: string): AppError {
  return new AppError("InvalidRequest", "This list of files cannot be downloaded as one model.", {
    ...{ where, expected, got },
  });
}
