// Assembles pickles opcode by opcode, for files that no honest writer would make. Not a pickler of values.

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];

export const uint32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
export const uint64 = (value: number | bigint): number[] => [
  ...new Uint8Array(BigUint64Array.of(BigInt(value)).buffer),
];

const PROTO_2 = [0x80, 2];
export const STOP = 0x2e;
export const MARK = 0x28;
export const NONE = 0x4e;
const NEWFALSE = 0x89;
export const EMPTY_DICT = 0x7d;
export const EMPTY_LIST = 0x5d;
export const EMPTY_TUPLE = 0x29;
export const TUPLE = 0x74;
export const TUPLE1 = 0x85;
export const LIST = 0x6c;
export const APPEND = 0x61;
export const SETITEM = 0x73;
export const SETITEMS = 0x75;
export const REDUCE = 0x52;
export const BUILD = 0x62;
export const NEWOBJ = 0x81;
export const BINPERSID = 0x51;
export const STACK_GLOBAL = 0x93;

export const globalOf = (module: string, name: string): number[] => [0x63, ...ascii(`${module}\n${name}\n`)];
export const text = (value: string): number[] => {
  const bytes = ascii(value);
  return [0x58, ...uint32(bytes.length), ...bytes];
};
export const put = (index: number): number[] => [0x71, index];
export const get = (index: number): number[] => [0x68, index];
/** BININT, signed. */
export const int = (value: number): number[] => [0x4a, ...new Uint8Array(Int32Array.of(value).buffer)];
export const tupleOf = (...items: readonly number[][]): number[] => [MARK, ...items.flat(), TUPLE];

/** A reference to a float32 storage. */
export const storageOf = (key: string, count: number, view: number[] = []): number[] => [
  ...tupleOf(text("storage"), globalOf("torch", "FloatStorage"), text(key), text("cpu"), int(count), view),
  BINPERSID,
];

interface TensorParts {
  readonly storage?: number[];
  readonly offset?: number[];
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
  readonly metadata?: number[];
}

/** A float32 tensor [2] of storage "0", unless told otherwise. */
export const tensorOf = ({
  storage = storageOf("0", 2),
  offset = int(0),
  shape = [2],
  strides = [1],
  metadata = [],
}: TensorParts = {}): number[] => [
  ...globalOf("torch._utils", "_rebuild_tensor_v2"),
  ...tupleOf(
    storage,
    offset,
    tupleOf(...shape.map(int)),
    tupleOf(...strides.map(int)),
    [NEWFALSE],
    [NONE],
    metadata,
  ),
  REDUCE,
];

/** A dict with string keys. */
export const dictOf = (entries: Readonly<Record<string, number[]>>): number[] => [
  EMPTY_DICT,
  MARK,
  ...Object.entries(entries).flatMap(([key, value]) => [...text(key), ...value]),
  SETITEMS,
];

export const pickleOf = (...parts: readonly (number | readonly number[])[]): Uint8Array =>
  Uint8Array.from([...PROTO_2, ...parts.flat(), STOP]);

/** What legacy files of torch begin with: 0x1950a86a20f9469cfc6c. */
export const TORCH_MAGIC = pickleOf([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
