// Random access to a file's bytes: the one way model files are read. Not a cache and not a parser.

/** Implemented over Blob/File (OPFS, drops, fetched embedded model) and memory. */
export interface ByteSource {
  /** For messages: a file name or URL. */
  readonly name: string;
  readonly byteLength: number;
  /** Reads exactly [start, end). Rejects with AppError FileFormat when the file is shorter. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The same, synchronously; only inside a worker or over memory. */
  readSync(start: number, end: number): Uint8Array<ArrayBuffer>;
}
