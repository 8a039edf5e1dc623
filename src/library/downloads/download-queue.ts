// The downloads as the page commands them: adding, pausing, ordering, settings, events across tabs. Moves no bytes.

import { AppError, isAppError } from "../../protocol/app-error.ts";
import {
  type AddressContents,
  type Download,
  type DownloadAction,
  type DownloadEvent,
  type DownloadRequest,
  type Downloads,
  type DownloadSettings,
  mayDo,
  type SourceId,
} from "../../protocol/downloads-api.ts";
import type { ModelRecord } from "../../protocol/library-api.ts";
import type { ExpectedFile } from "../import-model.ts";
import { safeFileName } from "../model-files.ts";
import { locate } from "../sources/sources.ts";
import { parseWebAddress } from "../sources/web-address.ts";
import { type DownloadEntry, publicDownload } from "./download-journal.ts";
import { joinedFacts, oneOfSeveral, sameFiles } from "./joined-files.ts";
import { severalFiles } from "./download-run.ts";
import { DownloadRunner, type RunnerContext } from "./download-runner.ts";
import { hostsOf, publicSettings, requireValidSettings, type SettingsChange } from "./source-settings.ts";

export interface QueueContext extends Omit<RunnerContext, "onChanged" | "onProgress"> {
  /** Other tabs: events sent here arrive there. Owned and closed by the queue. */
  readonly channel: BroadcastChannel;
  /** Imports a file of the user's; rejects with HashMismatch when it is another one than expected. */
  importFile(file: File, expected: ExpectedFile): Promise<ModelRecord>;
  findModel(sha256: string): Promise<ModelRecord | undefined>;
}

export class DownloadQueue implements Downloads {
  readonly #context: QueueContext;
  readonly #runner: DownloadRunner;
  #listener: (event: DownloadEvent) => void = () => undefined;
  #closed = false;

  constructor(context: QueueContext) {
    this.#context = context;
    this.#runner = new DownloadRunner({
      ...context,
      onChanged: (entry) => this.#tell(entry),
      onProgress: (progress) => this.#send({ type: "progress", progress }),
    });
    context.channel.onmessage = ({ data }: MessageEvent<DownloadEvent>) => {
      this.#listener(data);
      if (data.type === "changed") this.#runner.notice(data.download);
      if (data.type === "removed") this.#runner.noticeRemoved(data.id);
    };
  }

  async dispose(): Promise<void> {
    await this.#runner.dispose();
    this.#closed = true;
    this.#context.channel.close();
  }

  subscribe(listener: (event: DownloadEvent) => void): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  async list(): Promise<readonly Download[]> {
    return (await this.#context.journal.list()).map(publicDownload);
  }

  async inspect(address: string): Promise<AddressContents> {
    const settings = await this.#context.journal.settings();
    const hosts = hostsOf(settings);
    const { source, address: canonical } = locate(address, hosts);
    return source.inspect(canonical, { hosts, token: settings.tokens[source.id] });
  }

  async add(request: DownloadRequest): Promise<Download> {
    const { journal, findModel } = this.#context;
    const hosts = hostsOf(await journal.settings());
    const alternatives = (request.alternatives ?? []).map((address) => locate(address, hosts).address);
    const facts = await this.#factsOf(request);
    const { address, sha256, bytes, type, pageUrl, files } = facts;
    const same = (await journal.list()).find(
      (entry) =>
        (entry.address === address && sameFiles(entry.files, files)) ||
        (sha256 !== undefined && entry.sha256 === sha256),
    );
    if (same && same.state !== "done") return publicDownload(same);
    if (same) await this.cancel(same.id);
    // Files that became one model before are of the same repository state, so they would again.
    const known = sha256 ?? (files ? same?.sha256 : undefined);
    const stored = known === undefined ? undefined : await findModel(known);
    const fileName = facts.fileName === undefined ? undefined : safeFileName(facts.fileName);
    const entry = await journal.add({
      ...{ id: crypto.randomUUID(), address, alternatives, addedAt: Date.now(), fruitless: 0 },
      source: locate(address, hosts).source.id,
      title: request.title ?? fileName ?? facts.title ?? address,
      state: stored ? "done" : "queued",
      bytesDone: stored?.bytes ?? 0,
      ...(stored && { modelId: stored.id, sha256: stored.sha256 }),
      ...(fileName !== undefined && { fileName }),
      ...(bytes !== undefined && { expectedBytes: bytes }),
      ...(files && { files }),
      ...(request.named && { named: true }),
      ...(sha256 !== undefined && { sha256 }),
      ...(type && { type }),
      ...(pageUrl !== undefined && { pageUrl }),
    });
    await this.#tell(entry);
    return publicDownload(entry);
  }

  pause(id: string): Promise<void> {
    return this.#act(id, "pause", { state: "paused", retryAt: undefined });
  }

  resume(id: string): Promise<void> {
    return this.#act(id, "resume", { state: "queued" });
  }

  async retry(id: string): Promise<void> {
    const { journal, parts } = this.#context;
    const entry = await journal.get(id);
    // What turned out to be the wrong file is of no use to the next attempt. Of several files only the wrong one goes, which
    // opening them finds out.
    if (entry?.state === "quarantined" && !entry.files) await parts.remove(id);
    const fresh = { fruitless: 0, restarted: undefined, retryAt: undefined, error: undefined };
    await this.#act(id, "retry", { ...fresh, state: "queued" });
  }

  async move(id: string, position: number): Promise<void> {
    const { journal } = this.#context;
    await journal.move(id, position);
    const entry = await journal.get(id);
    if (entry) await this.#tell(entry);
  }

  async cancel(id: string): Promise<void> {
    const { journal, parts } = this.#context;
    const entry = await journal.get(id);
    if (!entry) return;
    requireAction(entry, "cancel");
    await journal.remove(id);
    this.#runner.noticeRemoved(id);
    this.#send({ type: "removed", id });
    // A part that a run still holds is removed by that run.
    await parts.remove(id);
  }

  async provideFile(id: string, file: File): Promise<void> {
    const { journal, importFile, parts } = this.#context;
    const entry = await journal.get(id);
    if (!entry) throw noSuchDownload(id);
    requireAction(entry, "provide-file");
    if (entry.files) throw oneOfSeveral(entry);
    const record = await importFile(file, { sha256: entry.sha256, bytes: entry.expectedBytes });
    await parts.remove(id);
    await this.#finish(id, record);
  }

  /** A model came into the library by another way: downloads of the same file have what they wanted. */
  async noteStored(record: ModelRecord): Promise<void> {
    for (const { id, state, sha256 } of await this.#context.journal.list()) {
      const wants = mayDo(state, "provide-file") || state === "quarantined" || state === "paused";
      if (wants && sha256 === record.sha256) await this.#finish(id, record);
    }
  }

  async settings(): Promise<DownloadSettings> {
    return publicSettings(await this.#context.journal.settings());
  }

  async configure(change: SettingsChange): Promise<DownloadSettings> {
    requireValidSettings(change);
    const changed = await this.#context.journal.changeSettings((settings) => ({ ...settings, ...change }));
    this.#runner.reconcile();
    return publicSettings(changed);
  }

  async setToken(source: SourceId, token: string | undefined): Promise<DownloadSettings> {
    const clean = token?.trim() || undefined;
    const changed = await this.#context.journal.changeSettings((settings) => ({
      ...settings,
      tokens: { ...settings.tokens, [source]: clean },
    }));
    return publicSettings(changed);
  }

  /** What is known of the one file to download: what the caller says, else what the host lists. */
  async #factsOf(request: DownloadRequest): Promise<FileFacts> {
    const hosts = hostsOf(await this.#context.journal.settings());
    const { source, address } = locate(request.address, hosts);
    const isFile = source.fileRequest(address, { hosts });
    const { bytes, fileName, type } = request;
    if (request.files) {
      const pageUrl = parseWebAddress(address)?.href;
      return { ...request, address, pageUrl, ...joinedFacts(request.files, hosts) };
    }
    const sha256 = request.sha256?.toLowerCase();
    const given = { address, bytes, sha256, fileName, type, pageUrl: isFile?.pageUrl };
    if (isFile && sha256 !== undefined) return given;
    const contents = await this.inspect(request.address).catch((error: unknown) => {
      // The listing is a help, not a condition: the file itself may answer, and is asked for again and again.
      if (!isFile || !isAppError(error, "Network")) throw error;
      return undefined;
    });
    if (!contents) return given;
    const { files, title, pageUrl } = contents;
    const folder = isFile ? undefined : contents.folders?.find(({ primary }) => primary);
    if (folder) {
      const { address: listedAt, name } = folder;
      const facts = { title, pageUrl, type, fileName: fileName ?? name, address: listedAt };
      return { ...facts, ...joinedFacts(folder.files, hosts) };
    }
    const exact = files.find((file) => file.address === address);
    const file = exact ?? (isFile ? undefined : files.find(({ primary }) => primary));
    if (!file && !isFile) throw severalFiles(address);
    return {
      ...{ title, pageUrl, address: file?.address ?? address },
      bytes: bytes ?? file?.bytes,
      sha256: sha256 ?? file?.sha256,
      fileName: fileName ?? file?.fileName,
      type: type ?? file?.type,
    };
  }

  async #act(id: string, action: DownloadAction, change: Partial<DownloadEntry>): Promise<void> {
    const changed = await this.#context.journal.update(id, (entry) => {
      requireAction(entry, action);
      return { ...entry, ...change };
    });
    if (!changed) throw noSuchDownload(id);
    await this.#tell(changed);
  }

  async #finish(id: string, record: ModelRecord): Promise<void> {
    const changed = await this.#context.journal.update(id, (entry) => ({
      ...entry,
      ...{ state: "done", modelId: record.id, sha256: record.sha256, error: undefined, retryAt: undefined },
      ...{ bytesDone: record.bytes, bytesTotal: record.bytes },
    }));
    if (changed) await this.#tell(changed);
  }

  async #tell(entry: DownloadEntry): Promise<void> {
    if (this.#closed) return;
    const download = publicDownload(entry);
    const order = (await this.#context.journal.list()).map(({ id }) => id);
    this.#send({ type: "changed", download, order });
    this.#runner.notice(download);
  }

  #send(event: DownloadEvent): void {
    if (this.#closed) return;
    this.#listener(event);
    this.#context.channel.postMessage(event);
  }
}

interface FileFacts extends Pick<
  DownloadRequest,
  "address" | "bytes" | "sha256" | "fileName" | "title" | "type" | "files"
> {
  readonly pageUrl?: string;
}

function requireAction(entry: DownloadEntry, action: DownloadAction): void {
  if (mayDo(entry.state, action)) return;
  throw new AppError("InvalidRequest", `${entry.title} cannot do that now.`, {
    where: entry.id,
    expected: `a state that allows "${action}"`,
    got: entry.state,
  });
}

function noSuchDownload(id: string): AppError {
  return new AppError("InvalidRequest", "This download is no longer in the list.", {
    where: id,
    expected: "a download of the list",
    got: "none",
  });
}
