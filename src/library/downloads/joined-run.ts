// One run of a download of several files: each file from where the last run left it, then all of them as one model. How one
// file comes is download-run.ts.

import { AppError, serializeError } from "../../protocol/app-error.ts";
import type { DownloadFile } from "../../protocol/downloads-api.ts";
import type { ModelRecord } from "../../protocol/library-api.ts";
import { requireRoom } from "../storage-room.ts";
import type { DownloadEntry } from "./download-journal.ts";
import { type FileRunContext, receiveProven, type RunEnd, type WantedFile } from "./download-run.ts";
import type { JoinedPart } from "./joined-part.ts";

export interface JoinedRunContext extends Omit<FileRunContext, "part" | "note"> {
  readonly part: JoinedPart;
  note(change: Partial<DownloadEntry>): Promise<DownloadEntry>;
  /** Recognises and records the part under the hash of all files. Closes it. */
  store(entry: DownloadEntry, sha256: string): Promise<ModelRecord>;
}

/** What a file's run may say about the download; the rest of it is about the file alone. */
const SHARED = ["state", "error", "retryAt"] as const satisfies readonly (keyof WantedFile)[];
const OF_THE_FILE = ["partFrom", "partFacts", "restarted"] as const satisfies readonly (keyof WantedFile)[];

// Must not give the model its place before every file is proven.
// Must not ask again for a file that is.
export async function runJoined(start: DownloadEntry, context: JoinedRunContext): Promise<RunEnd> {
  const { part } = context;
  const { files = [] } = start;
  const bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let entry = await context.note({ bytesTotal });
  let failedOrigins = context.failedOrigins;
  await requireRoom(entry.title, bytesTotal - part.size, context.freeSpace);
  while (part.filesDone < files.length) {
    const index = part.filesDone;
    const size = part.size;
    const end = await receiveProven(wantedFile(entry, files[index], index), {
      ...context,
      failedOrigins,
      part: part.current,
      async noteOrigin(origin, failed) {
        // The next file need not find out again.
        if (failed) failedOrigins = { ...failedOrigins, [origin]: Date.now() };
        await context.noteOrigin(origin, failed);
      },
      async note(change) {
        entry = await context.note({
          ...pick(change, SHARED),
          ...pick(change, OF_THE_FILE),
          ...(OF_THE_FILE.some((key) => key in change) && { partFile: index }),
        });
        return wantedFile(entry, files[index], index);
      },
    });
    if ("end" in end) return endOfAll(end.end, files[index]);
    const arrived = part.size - size;
    part.next();
    entry = await context.note({ bytesDone: part.size, ...(arrived > 0 && { fruitless: 0 }) });
  }
  entry = await context.note({ state: "storing", bytesDone: part.size });
  const sha256 = part.finish();
  const { bytesDone } = entry;
  const record = await context.store(entry, sha256);
  return { state: "done", sha256, modelId: record.id, bytesDone, error: undefined };
}

function wantedFile(entry: DownloadEntry, file: DownloadFile, index: number): WantedFile {
  const { files, partFile, partFrom, partFacts, restarted, ...download } = entry;
  void files;
  return {
    ...download,
    title: `${entry.title}: ${file.path}`,
    address: file.address,
    alternatives: file.alternatives ?? [],
    expectedBytes: file.bytes,
    bytesTotal: file.bytes,
    sha256: file.sha256,
    gitHash: file.gitHash,
    // What an earlier file's answer said is of no use for this one.
    ...(partFile === index && { partFrom, partFacts, restarted }),
  };
}

function pick<K extends keyof WantedFile>(
  change: Partial<WantedFile>,
  keys: readonly K[],
): Partial<DownloadEntry> {
  return Object.fromEntries(keys.filter((key) => key in change).map((key) => [key, change[key]]));
}

/** One picked file cannot take the place of a folder, so nobody is led to pick one. */
function endOfAll(end: RunEnd, { path }: DownloadFile): RunEnd {
  if (end.state !== "needs-file") return end;
  const details = { where: path, expected: "leave to read the file", got: end.error?.details?.got };
  const error = new AppError(
    "AccessDenied",
    `The host of ${path} does not let web apps read it. Download the model's folder with another program, then add the folder.`,
    details,
  );
  return { ...end, state: "failed", error: serializeError(error) };
}
