// A ByteSource over a Blob or File (a drop, an OPFS file, the fetched embedded model). Copies only the ranges asked for.

import { checkLength, checkRange } from "./byte-range.ts";
import type { ByteSource } from "./byte-source.ts";
import { fileFormatError } from "./file-format.ts";

// Exists in workers only, and in no type library that both the worker and the test programs use.
declare const FileReaderSync: (new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer }) | undefined;

/** What a browser throws when a file changed, shrank or went away after it was opened. */
function unreadable(name: string, start: number, end: number, cause: unknown): Error {
  return fileFormatError(
    name,
    {
      where: `bytes ${start} to ${end}`,
      expected: "readable",
      got: `${String(cause)} (was the file changed or removed?)`,
    },
    { cause },
  );
}

export function blobSource(blob: Blob, name: string): ByteSource {
  const slice = (start: number, end: number): Blob => {
    checkRange(name, blob.size, start, end);
    return blob.slice(start, end);
  };
  return {
    name,
    byteLength: blob.size,
    async read(start, end) {
      const part = slice(start, end);
      let buffer: ArrayBuffer;
      try {
        buffer = await part.arrayBuffer();
      } catch (cause) {
        throw unreadable(name, start, end, cause);
      }
      checkLength(name, start, end, buffer.byteLength);
      return new Uint8Array(buffer);
    },
    readSync(start, end) {
      const part = slice(start, end);
      if (typeof FileReaderSync === "undefined") {
        throw new Error("A Blob can be read synchronously only inside a worker.");
      }
      let buffer: ArrayBuffer;
      try {
        buffer = new FileReaderSync().readAsArrayBuffer(part);
      } catch (cause) {
        throw unreadable(name, start, end, cause);
      }
      checkLength(name, start, end, buffer.byteLength);
      return new Uint8Array(buffer);
    },
  };
}
