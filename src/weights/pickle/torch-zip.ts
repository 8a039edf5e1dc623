// torch's file form since 1.6: a ZIP of data.pkl and one stored entry per storage. Reads the directory and the pickle only.

import type { ByteSource } from "../byte-source.ts";
import { fileFormatError, quoted } from "../file-format.ts";
import type { TorchArchive } from "./torch-archive.ts";
import { PickleTruncated } from "./pickle-fault.ts";
import { runPickle } from "./pickle-machine.ts";
import { createTorchHost } from "./torch-storages.ts";
import { locateEntry, readZipDirectory } from "./zip-directory.ts";
import type { ZipEntry } from "./zip-directory.ts";

// Stable Diffusion 1.5's with EMA copies and optimizer state takes 0.7 MB.
const MAX_PICKLE_BYTES = 16 * 1024 * 1024;
const BYTE_ORDER_BYTES = 6;

/** Everything lies in one folder, named after the file it was first saved as. */
const PICKLE_ENTRY = /^([^/]+)\/data\.pkl$/;

export async function openTorchZip(source: ByteSource): Promise<TorchArchive> {
  const entries = await readZipDirectory(source);
  const folder = findFolder(entries, source.name);
  await checkByteOrder(source, entries.get(`${folder}/byteorder`));
  const bytes = await readPickle(source, entries.get(`${folder}/data.pkl`) as ZipEntry);
  const host = createTorchHost();
  const { value } = runWhole(bytes, source.name, host);
  return {
    value,
    locate: async (key) => {
      const where = `storage ${quoted(key)}`;
      const entry = entries.get(`${folder}/data/${key}`);
      const expected = host.storages.get(key)?.byteLength;
      if (!entry) throw fileFormatError(source.name, { where, expected: "in the ZIP file", got: "nothing" });
      if (entry.storedBytes !== expected && entry.method === 0) {
        throw fileFormatError(source.name, {
          where,
          expected: `${expected} bytes`,
          got: `${entry.storedBytes}`,
        });
      }
      return (await locateEntry(source, entry)).start;
    },
  };
}

function findFolder(entries: ReadonlyMap<string, ZipEntry>, file: string): string {
  const folders = [...entries.keys()].flatMap((name) => PICKLE_ENTRY.exec(name)?.[1] ?? []);
  const where = "the ZIP file";
  if (folders.length !== 1) {
    const got = folders.length === 0 ? "none (not written by torch.save)" : `${folders.length}`;
    throw fileFormatError(file, { where, expected: "one folder with data.pkl", got });
  }
  if (entries.has(`${folders[0]}/constants.pkl`)) {
    throw fileFormatError(file, { where, expected: "tensors", got: "a TorchScript program" });
  }
  return folders[0];
}

/** Absent before torch 2.1, when files were written in the machine's order. */
async function checkByteOrder(source: ByteSource, entry: ZipEntry | undefined): Promise<void> {
  if (!entry) return;
  const { start, end } = await locateEntry(source, entry);
  const order = new TextDecoder().decode(await source.read(start, Math.min(end, start + BYTE_ORDER_BYTES)));
  if (order === "little") return;
  throw fileFormatError(source.name, { where: "byte order", expected: "little", got: quoted(order) });
}

async function readPickle(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  const { start, end } = await locateEntry(source, entry);
  if (end - start > MAX_PICKLE_BYTES) {
    throw fileFormatError(source.name, {
      where: "data.pkl",
      expected: `at most ${MAX_PICKLE_BYTES} bytes`,
      got: `${end - start}`,
    });
  }
  return source.read(start, end);
}

function runWhole(bytes: Uint8Array, file: string, host: ReturnType<typeof createTorchHost>) {
  try {
    return runPickle({ bytes, start: 0, file, part: "data.pkl", host });
  } catch (error) {
    if (!(error instanceof PickleTruncated)) throw error;
    throw fileFormatError(
      file,
      { where: "data.pkl", expected: "ended by STOP", got: `its end at ${bytes.byteLength} bytes` },
      { cause: error },
    );
  }
}
