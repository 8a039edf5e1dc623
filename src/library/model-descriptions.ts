// Puts together what describes models: metadata, the Civitai client and watched folders, over one library's database.
// Wires only; each part is in its folder.

import type { FolderEntry, ModelRecord } from "../protocol/library-api.ts";
import { blobSource } from "../weights/blob-source.ts";
import { openCheckpoint } from "../weights/open-checkpoint.ts";
import { CivitaiClient } from "./civitai/civitai-client.ts";
import type { DownloadJournal } from "./downloads/download-journal.ts";
import type { DownloadQueue } from "./downloads/download-queue.ts";
import { hostsOf } from "./downloads/source-settings.ts";
import { LocalWatchedFolders } from "./folders/local-watched-folders.ts";
import type { LibraryDatabase } from "./library-database.ts";
import { type FileFacts, fileFacts } from "./metadata/file-facts.ts";
import { LocalMetadata } from "./metadata/local-metadata.ts";
import { openPreviews } from "./metadata/previews.ts";
import { type CivitaiAccess, storedCivitaiSettings } from "./metadata/stored-settings.ts";
import type { ModelFiles } from "./model-files.ts";
import { openModelFile } from "./open-model-file.ts";

export interface DescriptionContext {
  readonly database: LibraryDatabase;
  readonly files: ModelFiles;
  readonly journal: DownloadJournal;
  readonly downloads: DownloadQueue;
  listModels(): Promise<readonly ModelRecord[]>;
  importFile(file: File): Promise<ModelRecord>;
  importFolder(entries: readonly FolderEntry[]): Promise<ModelRecord>;
}

export interface Descriptions {
  readonly metadata: LocalMetadata;
  readonly civitai: CivitaiClient;
  readonly folders: LocalWatchedFolders;
  dispose(): Promise<void>;
}

/** The database stays its owner's: `dispose` does not close it. */
export async function openDescriptions(context: DescriptionContext): Promise<Descriptions> {
  const { database, files } = context;
  const settings = storedCivitaiSettings(database, accessOf(context));
  const civitai = new CivitaiClient({ settings });
  const metadata = new LocalMetadata({
    database,
    settings,
    catalog: civitai,
    previews: await openPreviews(),
    listModels: () => context.listModels(),
    readFile: async (record) => readFacts(record, await openModelFile(record, files, database)),
    hashesOf: (id) => database.get("hashes", id),
  });
  const folders = new LocalWatchedFolders({
    database,
    importFile: (file) => context.importFile(file),
    importFolder: (entries) => context.importFolder(entries),
    addSidecars: (id, base, beside) => metadata.addSidecars(id, base, beside),
  });
  return {
    metadata,
    civitai,
    folders,
    async dispose() {
      folders.dispose();
      metadata.dispose();
      await civitai.dispose();
    },
  };
}

/** Host and key are the downloads': whoever may download may look up. */
function accessOf({ journal, downloads }: DescriptionContext): CivitaiAccess {
  return {
    base: async () => hostsOf(await journal.settings()).civitai,
    token: async () => (await journal.settings()).tokens.civitai,
    async useHost(host) {
      const hosts = hostsOf(await journal.settings());
      await downloads.configure({ hosts: { ...hosts, civitai: `https://${host}` } });
    },
  };
}

async function readFacts(record: ModelRecord, file: File | undefined): Promise<FileFacts> {
  if (!file || record.parts || record.format) return { facts: {} };
  return fileFacts((await openCheckpoint(blobSource(file, record.fileName))).metadata);
}
