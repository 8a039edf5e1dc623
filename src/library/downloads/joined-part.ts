// A part file that holds the files of one model, one behind the other, as the library keeps them. Each is proven by itself, and
// all together have the SHA-256 that the model is known by. Knows bytes only.

import { createSHA1, createSHA256, type IHasher } from "hash-wasm";
import type { DownloadFile } from "../../protocol/downloads-api.ts";
import type { ArrivingFile } from "./hashed-part.ts";
import type { PartFile } from "./part-files.ts";

const READ_BYTES = 4 * 1024 * 1024;
// Losing this much to a crash is cheap to fetch again; flushing more often costs speed.
const FLUSH_BYTES = 64 * 1024 * 1024;

type JoinedFile = Pick<DownloadFile, "bytes" | "sha256" | "gitHash">;

interface Hashers {
  readonly whole: IHasher;
  readonly sha256: IHasher;
  readonly sha1: IHasher;
}

/** What `ArrivingFile.finish` must give; undefined when only the size is known. */
export function expectedDigest({
  sha256,
  gitHash,
}: Pick<DownloadFile, "sha256" | "gitHash">): string | undefined {
  return sha256 ?? gitHash;
}

export class JoinedPart {
  readonly #file: PartFile;
  readonly #files: readonly JoinedFile[];
  readonly #hashers: Hashers;
  #index = 0;
  #start = 0;
  /** The state of the hash of all bytes where the current file begins, to go back to. */
  #wholeAtStart: Uint8Array;
  #own: IHasher;
  #flushed = 0;

  private constructor(file: PartFile, files: readonly JoinedFile[], hashers: Hashers) {
    this.#file = file;
    this.#files = files;
    this.#hashers = hashers;
    this.#wholeAtStart = hashers.whole.save();
    this.#own = this.#hasherOf(files[0]);
  }

  /**
   * Owns `file` from here on. What an earlier run left is read and proven again; from the first file that is not what it
   * should be, everything is forgotten. `onChecked` hears how many bytes have been read.
   */
  static async open(
    file: PartFile,
    files: readonly JoinedFile[],
    { signal, onChecked }: { readonly signal: AbortSignal; readonly onChecked: (bytes: number) => void },
  ): Promise<JoinedPart> {
    try {
      const [whole, sha256, sha1] = await Promise.all([createSHA256(), createSHA256(), createSHA1()]);
      const part = new JoinedPart(file, files, { whole: whole.init(), sha256, sha1 });
      const buffer = new Uint8Array(READ_BYTES);
      let position = 0;
      for (const end = file.size(); ;) {
        while (part.#current && position === part.#start + part.#current.bytes) {
          if (!part.#isRight()) break;
          part.next();
        }
        const wanted = part.#current ? Math.min(end, part.#start + part.#current.bytes) - position : 0;
        if (wanted <= 0) break;
        const length = file.read(buffer.subarray(0, Math.min(buffer.byteLength, wanted)), position);
        if (length === 0) break;
        part.#hash(buffer.subarray(0, length));
        position += length;
        onChecked(position);
        // Reads are synchronous; messages such as "pause" come in between them.
        await new Promise((resolve) => setTimeout(resolve));
        signal.throwIfAborted();
      }
      const wrong = part.#current && position === part.#start + part.#current.bytes;
      if (wrong) part.#restart();
      else file.truncate(position);
      return part;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Bytes of all files. */
  get size(): number {
    return this.#file.size();
  }

  /** How many files are whole and proven: the index of the one that arrives. */
  get filesDone(): number {
    return this.#index;
  }

  /** The file that arrives. */
  get current(): ArrivingFile {
    const size = (): number => this.size - this.#start;
    return {
      get size() {
        return size();
      },
      append: (chunk) => {
        this.#file.append(chunk);
        this.#hash(chunk);
        if (this.size - this.#flushed < FLUSH_BYTES) return;
        this.#file.flush();
        this.#flushed = this.size;
      },
      tail: (length) => {
        const buffer = new Uint8Array(length);
        return buffer.subarray(0, this.#file.read(buffer, this.size - length));
      },
      restart: () => this.#restart(),
      finish: () => {
        this.#file.flush();
        return this.#ownDigest();
      },
    };
  }

  /** The file that arrives is whole and right: on to the one behind it. */
  next(): void {
    this.#start += this.#files[this.#index].bytes;
    this.#index++;
    this.#wholeAtStart = this.#hashers.whole.save();
    if (this.#current) this.#own = this.#hasherOf(this.#current);
  }

  /** Lower-case hex SHA-256 of all files, one behind the other. Nothing can be appended after it. */
  finish(): string {
    this.#file.flush();
    return this.#hashers.whole.digest("hex");
  }

  close(): void {
    this.#file.flush();
    this.#file.close();
  }

  get #current(): JoinedFile | undefined {
    return this.#files.at(this.#index);
  }

  #hash(chunk: Uint8Array): void {
    this.#hashers.whole.update(chunk);
    this.#own.update(chunk);
  }

  #restart(): void {
    this.#file.truncate(this.#start);
    this.#flushed = Math.min(this.#flushed, this.#start);
    this.#hashers.whole.load(this.#wholeAtStart);
    if (this.#current) this.#own = this.#hasherOf(this.#current);
  }

  /** Ends the current file's own hash, but not that of all files. */
  #isRight(): boolean {
    const expected = this.#current && expectedDigest(this.#current);
    return expected === undefined || expected === this.#ownDigest();
  }

  #ownDigest(): string {
    return this.#own.digest("hex");
  }

  #hasherOf({ bytes, sha256, gitHash }: JoinedFile): IHasher {
    if (sha256 !== undefined || gitHash === undefined) return this.#hashers.sha256.init();
    // Git hashes a file behind a header of its own; this is what `git hash-object` prints.
    return this.#hashers.sha1.init().update(`blob ${bytes}\0`);
  }
}
