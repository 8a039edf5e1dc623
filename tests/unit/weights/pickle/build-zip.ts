// Writes ZIP files, honest ones and lying ones, byte by byte. Test support; compresses nothing and leaves checksums at 0.

export interface ZipPart {
  readonly name: string;
  readonly data?: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** Padding in the local extra field so that the data starts at a multiple of it. */
  readonly align?: number;
  /** Overrides what the directory says. */
  readonly storedBytes?: number;
  readonly unpackedBytes?: number;
  readonly headerStart?: number;
}

export interface ZipOptions {
  /** Puts every size and place where files of 4 GiB and more have them. */
  readonly zip64?: boolean;
  readonly comment?: string;
  /** Overrides what the end record says. */
  readonly count?: number;
  readonly directoryBytes?: number;
  readonly directoryStart?: number;
}

const SATURATED = 0xffffffff;

/** Fields of [bytes, value], little-endian. */
function record(...fields: readonly (readonly [2 | 4 | 8, number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function buildZip(parts: readonly ZipPart[], options: ZipOptions = {}): Uint8Array {
  const { zip64 = false } = options;
  const locals: Uint8Array[] = [];
  const centrals: Uint8Array[] = [];
  let position = 0;
  for (const part of parts) {
    const { data = new Uint8Array(), method = 0, flags = 0, align = 1 } = part;
    const name = new TextEncoder().encode(part.name);
    const padding = (align - ((position + 30 + name.length) % align)) % align;
    const sizes = [part.storedBytes ?? data.length, part.unpackedBytes ?? part.storedBytes ?? data.length];
    const place = part.headerStart ?? position;
    const common = [
      [2, flags],
      [2, method],
      [4, 0],
      [4, 0],
    ] as const;
    const local = record(
      [4, 0x04034b50], [2, 20], ...common, [4, data.length], [4, data.length], [2, name.length], [2, padding],
    ); // prettier-ignore
    locals.push(local, name, new Uint8Array(padding), data);
    const wide = zip64 ? record([2, 1], [2, 24], [8, sizes[1]], [8, sizes[0]], [8, place]) : new Uint8Array();
    const [stored, unpacked, start] = zip64 ? [SATURATED, SATURATED, SATURATED] : [...sizes, place];
    centrals.push(
      record(
        [4, 0x02014b50], [2, 20], [2, 20], ...common, [4, stored], [4, unpacked], [2, name.length],
        [2, wide.length], [2, 0], [2, 0], [2, 0], [4, 0], [4, start],
      ),
      name,
      wide,
    ); // prettier-ignore
    position += local.length + name.length + padding + data.length;
  }
  const directory = join(centrals);
  const count = options.count ?? parts.length;
  const bytes = options.directoryBytes ?? directory.length;
  const start = options.directoryStart ?? position;
  const comment = new TextEncoder().encode(options.comment ?? "");
  const end64 = [
    record(
      [4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, bytes], [8, start],
    ),
    record([4, 0x07064b50], [4, 0], [8, position + directory.length], [4, 1]),
  ]; // prettier-ignore
  const end = zip64
    ? record(
        [4, 0x06054b50],
        [2, 0],
        [2, 0],
        [2, 0xffff],
        [2, 0xffff],
        [4, SATURATED],
        [4, SATURATED],
        [2, comment.length],
      )
    : record(
        [4, 0x06054b50],
        [2, 0],
        [2, 0],
        [2, count],
        [2, count],
        [4, bytes],
        [4, start],
        [2, comment.length],
      );
  return join([...locals, directory, ...(zip64 ? end64 : []), end, comment]);
}

/** A torch ZIP of the given pickle, with storage "0" of two float32. */
export function torchZip(pickle: Uint8Array, storage = new Uint8Array(8), options?: ZipOptions): Uint8Array {
  return buildZip(
    [
      { name: "model/data.pkl", data: pickle },
      { name: "model/data/0", data: storage },
    ],
    options,
  );
}
