// One run of one file: its addresses in the best order, each until it gives nothing more, then the proof; and of a download
// that is one file. Ends with the state the download is in now; the queue decides when there is another run.

import { AppError, isAppError, serializeError } from "../../protocol/app-error.ts";
import type { DownloadFile, SourceHosts, SourceId } from "../../protocol/downloads-api.ts";
import type { ModelRecord } from "../../protocol/library-api.ts";
import { isQuotaError } from "../../shared/quota-error.ts";
import { type HostFailure, readingForbidden } from "../sources/host-errors.ts";
import type { FileRequest, Source } from "../sources/source.ts";
import { locate } from "../sources/sources.ts";
import { type FreeSpace, requireRoom, storageFull } from "../storage-room.ts";
import { nameReceivedFile } from "./content-disposition.ts";
import type { DownloadEntry } from "./download-journal.ts";
import type { ArrivingFile } from "./hashed-part.ts";
import { expectedDigest } from "./joined-part.ts";
import { orderAddresses, originOf } from "./order-addresses.ts";
import { receiveFile } from "./receive-file.ts";
import { MAX_FRUITLESS_ATTEMPTS, retryDelay } from "./retry-delay.ts";

// An attempt that brought at least this much was worth it, and the next one follows at once.
const WORTHWHILE_BYTES = 64 * 1024;

/** What a file's run needs, whether it is a download of its own or one file of one. */
export interface FileRunContext {
  readonly hosts: SourceHosts;
  readonly failedOrigins: Readonly<Record<string, number>>;
  tokenFor(source: SourceId): string | undefined;
  readonly part: ArrivingFile;
  readonly freeSpace: FreeSpace;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Writes facts into the journal; rejects when the download was taken away from this run. */
  note(change: Partial<WantedFile>): Promise<WantedFile>;
  noteOrigin(origin: string, failed: boolean): Promise<void>;
}

export interface RunContext extends FileRunContext {
  note(change: Partial<WantedFile>): Promise<DownloadEntry>;
  /** Recognises and records the part under its hash. Closes it. */
  store(entry: DownloadEntry, sha256: string): Promise<ModelRecord>;
}

/** The entry of a download, as far as it is about one file: its own, or one of those it consists of. */
export type WantedFile = Omit<DownloadEntry, "files" | "partFile"> & Pick<DownloadFile, "gitHash">;

/** What changes in the entry when the run ends. */
export type RunEnd = Partial<DownloadEntry> & Pick<DownloadEntry, "state">;

interface Candidate {
  readonly source: Source;
  readonly address: string;
  readonly request: FileRequest;
}

/** How a file's run ended: proven, with its digest, or with what to do. */
export type FileEnd = { readonly digest: string } | { readonly end: RunEnd };

export async function runDownload(start: DownloadEntry, context: RunContext): Promise<RunEnd> {
  const file = await receiveProven(start, context);
  if ("end" in file) return file.end;
  const entry = await context.note({ state: "storing", bytesDone: context.part.size });
  const { bytesDone } = entry;
  const record = await context.store(entry, file.digest);
  return { state: "done", sha256: file.digest, modelId: record.id, bytesDone, error: undefined };
}

/** Brings one file, from whichever of its addresses gives it, until it is whole and what was promised. */
export async function receiveProven(start: WantedFile, context: FileRunContext): Promise<FileEnd> {
  const failures: HostFailure[] = [];
  let entry = start;
  const before = context.part.size;
  const addresses = orderAddresses(start, context.failedOrigins);
  for (const address of addresses) {
    const candidate = await candidateOf(address, context);
    if ("error" in candidate) {
      failures.push(candidate);
      continue;
    }
    const isLast = address === addresses.at(-1);
    const outcome = await receiveFrom({ ...candidate, isLast }, entry, context);
    entry = outcome.entry;
    if (outcome.proven !== undefined) return { digest: outcome.proven };
    if (outcome.end) return { end: outcome.end };
    if (!outcome.failure) continue;
    failures.push(outcome.failure);
    if (outcome.failure.remedy === "elsewhere") await context.noteOrigin(originOf(address), true);
  }
  return { end: endWithout(entry, failures, context.part.size > before) };
}

async function candidateOf(address: string, context: FileRunContext): Promise<Candidate | HostFailure> {
  const asked = { hosts: context.hosts, signal: context.signal };
  try {
    const located = locate(address, context.hosts);
    const { source } = located;
    const token = context.tokenFor(source.id);
    let request = source.fileRequest(located.address, { ...asked, token });
    if (!request) {
      const { files } = await source.inspect(located.address, { ...asked, token });
      const file = files.find(({ primary }) => primary);
      request = file && source.fileRequest(file.address, { ...asked, token });
    }
    if (!request) throw severalFiles(located.address);
    if (!request.readable) return readingForbidden(source, request.pageUrl);
    return { source, address: located.address, request };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isAppError(error)) throw error;
    return { error, remedy: isAppError(error, "Network") ? "again" : "elsewhere" };
  }
}

export function severalFiles(address: string): AppError {
  return new AppError("InvalidRequest", "This address has several files. Choose the one to download.", {
    where: address,
    expected: "one file",
    got: "several, none of which is the main one",
  });
}

interface Outcome {
  readonly entry: WantedFile;
  /** Digest of the whole file, which is the promised one. */
  readonly proven?: string;
  readonly failure?: HostFailure;
  readonly end?: RunEnd;
}

async function receiveFrom(
  candidate: Candidate & { readonly isLast: boolean },
  start: WantedFile,
  context: FileRunContext,
): Promise<Outcome> {
  const { part, signal } = context;
  let entry = start;
  // Two hosts may call different files by one name. Only a known hash proves in the end that both gave parts of the same.
  const foreign = entry.partFrom !== undefined && entry.partFrom !== candidate.address;
  if (foreign && expectedDigest(entry) === undefined) part.restart();
  for (;;) {
    const sizeBefore = part.size;
    const failure = await receiveFile({
      ...{ source: candidate.source, request: candidate.request, part, signal, stallMs: context.stallMs },
      expected: { bytes: entry.expectedBytes, digest: expectedDigest(entry) },
      ...(!foreign && entry.partFacts && { before: entry.partFacts }),
      onAnswer: async ({ facts, disposition }) => {
        const total = entry.expectedBytes ?? facts.total;
        entry = await context.note({
          state: "running",
          fileName: nameReceivedFile(entry.named ? null : disposition, entry.fileName, candidate.address),
          bytesTotal: total,
          partFrom: candidate.address,
          partFacts: facts,
          error: undefined,
          retryAt: undefined,
        });
        if (total === undefined) return;
        await requireRoom(entry.title, total - part.size, context.freeSpace);
      },
    }).catch(async (cause: unknown) => {
      if (!isQuotaError(cause) || isAppError(cause)) throw cause;
      throw storageFull(entry.title, (entry.bytesTotal ?? 0) - part.size, await context.freeSpace(), cause);
    });
    if (!failure) return await verify(candidate, entry, sizeBefore > 0, context);
    const worthwhile = part.size - sizeBefore >= WORTHWHILE_BYTES;
    if (failure.remedy !== "again" || failure.retryAfter !== undefined || !worthwhile)
      return { entry, failure };
  }
}

async function verify(
  candidate: Candidate & { readonly isLast: boolean },
  entry: WantedFile,
  continued: boolean,
  context: FileRunContext,
): Promise<Outcome> {
  const { part } = context;
  const expected = expectedDigest(entry);
  const got = part.finish();
  if (expected === undefined || expected === got) {
    await context.noteOrigin(originOf(candidate.address), false);
    return { entry, proven: got };
  }
  const error = new AppError(
    "HashMismatch",
    `${entry.title} arrived whole, but it is not the file that was promised: its hash is another one. Try again, or remove it.`,
    { where: entry.title, expected, got },
  );
  if (continued && !entry.restarted) {
    part.restart();
    return { entry: await context.note({ restarted: true }), failure: { error, remedy: "again" } };
  }
  if (!candidate.isLast) {
    part.restart();
    return { entry, failure: { error, remedy: "elsewhere" } };
  }
  return { entry, end: { state: "quarantined", error: serializeError(error) } };
}

/** No address gave the file: wait, ask the user for it, or fail. */
function endWithout(entry: WantedFile, failures: readonly HostFailure[], moved: boolean): RunEnd {
  const again = failures.find(({ remedy }) => remedy === "again");
  const fruitless = moved ? 0 : entry.fruitless + 1;
  if (again && fruitless < MAX_FRUITLESS_ATTEMPTS) {
    const retryAt = Date.now() + retryDelay(Math.max(1, fruitless), again.retryAfter);
    return { state: "waiting", retryAt, fruitless, error: serializeError(again.error) };
  }
  // The first address is the one the user gave; the others' troubles would only confuse.
  const first = failures[0];
  const forbidden = failures.find(({ forbidsReading }) => forbidsReading);
  const told = forbidden ?? first;
  return {
    state: forbidden ? "needs-file" : "failed",
    fruitless: 0,
    ...(told && { error: serializeError(told.error) }),
  };
}
