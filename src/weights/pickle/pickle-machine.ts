// Runs the opcodes by which torch writes its pickles, over plain values. Never calls anything a file names: globals are looked
// up in the caller's table, and what is not there is refused. Knows no torch.

import { PickleCursor } from "./pickle-cursor.ts";
import { PickleFault, pickleError, PickleRefusal } from "./pickle-fault.ts";
import { emptyDict, isKind, kindOfPickle } from "./pickle-values.ts";
import type { PickleGlobal, PickleList, PickleValue, Spend } from "./pickle-values.ts";

// Stable Diffusion 1.5 with EMA copies and optimizer state takes 217,000. Each operation makes at most one small object, so this
// bounds time and memory whatever the file says: the worst pickle found takes 115 MB.
const MAX_OPERATIONS = 1_000_000;
// torch's magic number takes 10.
const MAX_INTEGER_BYTES = 32;
const MAX_PROTOCOL = 5;

/** What the pickle's user allows it to name. Both throw PickleFault or PickleRefusal. */
export interface PickleHost {
  readonly lookUpGlobal: (module: string, name: string) => PickleGlobal;
  readonly loadPersistent: (id: PickleValue) => PickleValue;
}

export interface PickleInput {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** For messages: the file, and which pickle of it. */
  readonly file: string;
  readonly part: string;
  readonly host: PickleHost;
}

interface Machine {
  readonly cursor: PickleCursor;
  readonly host: PickleHost;
  readonly stack: PickleValue[];
  /** Stack heights at which marks lie. */
  readonly marks: number[];
  readonly memo: Map<number, PickleValue>;
  readonly spend: Spend;
}

type Operation = (machine: Machine) => void;

const STOP = 0x2e;

function pop({ stack, marks }: Machine): PickleValue {
  if (stack.length <= (marks.at(-1) ?? 0)) throw new PickleFault("a value on the stack", "none");
  return stack.pop() as PickleValue;
}

function top({ stack, marks }: Machine): PickleValue {
  if (stack.length <= (marks.at(-1) ?? 0)) throw new PickleFault("a value on the stack", "none");
  return stack[stack.length - 1];
}

function popToMark({ stack, marks }: Machine): PickleValue[] {
  const mark = marks.pop();
  if (mark === undefined) throw new PickleFault("a mark on the stack", "none");
  return stack.splice(mark);
}

/** Pops so many values into a tuple. */
function tuple(machine: Machine, count: number): void {
  const items: PickleValue[] = [];
  for (let i = 0; i < count; i++) items.unshift(pop(machine));
  machine.stack.push({ kind: "tuple", items });
}

function memorize({ memo }: Machine, index: number, value: PickleValue): void {
  memo.set(index, value);
}

function recall({ memo, stack }: Machine, index: number): void {
  const value = memo.get(index);
  if (value === undefined) throw new PickleFault("a value that was memorized", `index ${index}`);
  stack.push(value);
}

function setItems(target: PickleValue, items: readonly PickleValue[]): void {
  if (items.length % 2 !== 0) throw new PickleFault("keys and values in pairs", `${items.length} values`);
  if (isKind(target, "object")) return;
  if (!isKind(target, "dict")) throw new PickleFault("a dict to fill", kindOfPickle(target));
  for (let i = 0; i < items.length; i += 2) target.entries.set(items[i], items[i + 1]);
}

function append(target: PickleValue, items: readonly PickleValue[]): void {
  if (isKind(target, "object")) return;
  if (!isKind(target, "list")) throw new PickleFault("a list to fill", kindOfPickle(target));
  for (const item of items) target.items.push(item);
}

function integer({ cursor, stack }: Machine, length: number): void {
  if (length > MAX_INTEGER_BYTES) {
    throw new PickleFault(`an integer of at most ${MAX_INTEGER_BYTES} bytes`, `${length} bytes`);
  }
  stack.push(cursor.integer(length));
}

function pushGlobal({ host, stack }: Machine, module: PickleValue, name: PickleValue): void {
  if (typeof module !== "string" || typeof name !== "string") {
    throw new PickleFault(
      "a global named by two strings",
      `${kindOfPickle(module)} and ${kindOfPickle(name)}`,
    );
  }
  stack.push(host.lookUpGlobal(module, name));
}

/** `callee(*args)`, where the callee is one of ours. */
function call(machine: Machine, callee: PickleValue, args: PickleValue): void {
  if (!isKind(callee, "global")) throw new PickleFault("a global to call", kindOfPickle(callee));
  if (!isKind(args, "tuple")) throw new PickleFault("arguments in a tuple", kindOfPickle(args));
  const { role, name } = callee;
  if (role.type === "function") machine.stack.push(role.call(args.items, machine.spend));
  else if (role.type === "inert") machine.stack.push({ kind: "object", className: name, state: null });
  else throw new PickleFault("a global that can be called", name);
}

/** `target.__setstate__(state)`. A dict's attributes (state_dict's `_metadata`) are of no use here. */
function setState(target: PickleValue, state: PickleValue): void {
  if (isKind(target, "object")) target.state = state;
  else if (!isKind(target, "dict")) throw new PickleFault("an object to give a state", kindOfPickle(target));
}

function checkProtocol(protocol: number): void {
  if (protocol > MAX_PROTOCOL) throw new PickleFault(`protocol ${MAX_PROTOCOL} or older`, `${protocol}`);
}

function appendOne(machine: Machine): void {
  const item = pop(machine);
  append(top(machine), [item]);
}

function setItem(machine: Machine): void {
  const value = pop(machine);
  const key = pop(machine);
  setItems(top(machine), [key, value]);
}

/** What lies above the mark goes into what lies below it. */
function fillFromMark(
  machine: Machine,
  fill: (target: PickleValue, items: readonly PickleValue[]) => void,
): void {
  const items = popToMark(machine);
  fill(top(machine), items);
}

function frozenSet(machine: Machine): void {
  popToMark(machine);
  machine.stack.push({ kind: "object", className: "frozenset", state: null });
}

function stackGlobal(machine: Machine): void {
  const name = pop(machine);
  pushGlobal(machine, pop(machine), name);
}

function reduce(machine: Machine): void {
  const args = pop(machine);
  call(machine, pop(machine), args);
}

function newObjectWithKeywords(machine: Machine): void {
  const keywords = pop(machine);
  if (!isKind(keywords, "dict")) throw new PickleFault("keyword arguments in a dict", kindOfPickle(keywords));
  reduce(machine);
}

function build(machine: Machine): void {
  const state = pop(machine);
  setState(top(machine), state);
}

const emptyList = (): PickleList => ({ kind: "list", items: [] });

/** Opcode, its name in Python's pickletools, what it does. */
const operations: readonly (readonly [number, string, Operation])[] = [
  [0x80, "PROTO", ({ cursor }) => checkProtocol(cursor.uint8())],
  [0x95, "FRAME", ({ cursor }) => cursor.enterFrame()],

  [0x4e, "NONE", ({ stack }) => void stack.push(null)],
  [0x88, "NEWTRUE", ({ stack }) => void stack.push(true)],
  [0x89, "NEWFALSE", ({ stack }) => void stack.push(false)],
  [0x4b, "BININT1", ({ stack, cursor }) => void stack.push(cursor.uint8())],
  [0x4d, "BININT2", ({ stack, cursor }) => void stack.push(cursor.uint16())],
  [0x4a, "BININT", ({ stack, cursor }) => void stack.push(cursor.int32())],
  [0x8a, "LONG1", (machine) => integer(machine, machine.cursor.uint8())],
  [0x8b, "LONG4", (machine) => integer(machine, machine.cursor.uint32())],
  [0x47, "BINFLOAT", ({ stack, cursor }) => void stack.push(cursor.float64())],

  // Python 2's str, which torch too reads as UTF-8.
  [0x55, "SHORT_BINSTRING", ({ stack, cursor }) => void stack.push(cursor.text(cursor.uint8()))],
  [0x54, "BINSTRING", ({ stack, cursor }) => void stack.push(cursor.text(cursor.uint32()))],
  [0x8c, "SHORT_BINUNICODE", ({ stack, cursor }) => void stack.push(cursor.text(cursor.uint8()))],
  [0x58, "BINUNICODE", ({ stack, cursor }) => void stack.push(cursor.text(cursor.uint32()))],
  [0x8d, "BINUNICODE8", ({ stack, cursor }) => void stack.push(cursor.text(cursor.uint64()))],
  [0x43, "SHORT_BINBYTES", ({ stack, cursor }) => void stack.push(cursor.bytes(cursor.uint8()))],
  [0x42, "BINBYTES", ({ stack, cursor }) => void stack.push(cursor.bytes(cursor.uint32()))],
  [0x8e, "BINBYTES8", ({ stack, cursor }) => void stack.push(cursor.bytes(cursor.uint64()))],
  [0x96, "BYTEARRAY8", ({ stack, cursor }) => void stack.push(cursor.bytes(cursor.uint64()))],

  [0x28, "MARK", ({ stack, marks }) => void marks.push(stack.length)],
  [0x5d, "EMPTY_LIST", ({ stack }) => void stack.push(emptyList())],
  [0x6c, "LIST", (machine) => void machine.stack.push({ kind: "list", items: popToMark(machine) })],
  [0x61, "APPEND", (machine) => appendOne(machine)],
  [0x65, "APPENDS", (machine) => fillFromMark(machine, append)],
  [0x29, "EMPTY_TUPLE", (machine) => tuple(machine, 0)],
  [0x85, "TUPLE1", (machine) => tuple(machine, 1)],
  [0x86, "TUPLE2", (machine) => tuple(machine, 2)],
  [0x87, "TUPLE3", (machine) => tuple(machine, 3)],
  [0x74, "TUPLE", (machine) => void machine.stack.push({ kind: "tuple", items: popToMark(machine) })],
  [0x7d, "EMPTY_DICT", ({ stack, spend }) => void stack.push(emptyDict(spend))],
  [0x73, "SETITEM", (machine) => setItem(machine)],
  [0x75, "SETITEMS", (machine) => fillFromMark(machine, setItems)],
  // Sets hold nothing that a model needs.
  [0x8f, "EMPTY_SET", ({ stack }) => void stack.push({ kind: "object", className: "set", state: null })],
  [0x90, "ADDITEMS", (machine) => fillFromMark(machine, append)],
  [0x91, "FROZENSET", (machine) => frozenSet(machine)],

  [0x71, "BINPUT", (machine) => memorize(machine, machine.cursor.uint8(), top(machine))],
  [0x72, "LONG_BINPUT", (machine) => memorize(machine, machine.cursor.uint32(), top(machine))],
  [0x94, "MEMOIZE", (machine) => memorize(machine, machine.memo.size, top(machine))],
  [0x68, "BINGET", (machine) => recall(machine, machine.cursor.uint8())],
  [0x6a, "LONG_BINGET", (machine) => recall(machine, machine.cursor.uint32())],

  [0x63, "GLOBAL", (machine) => pushGlobal(machine, machine.cursor.line(), machine.cursor.line())],
  [0x93, "STACK_GLOBAL", (machine) => stackGlobal(machine)],
  [0x51, "BINPERSID", (machine) => void machine.stack.push(machine.host.loadPersistent(pop(machine)))],
  [0x52, "REDUCE", (machine) => reduce(machine)],
  [0x81, "NEWOBJ", (machine) => reduce(machine)],
  [0x92, "NEWOBJ_EX", (machine) => newObjectWithKeywords(machine)],
  [0x62, "BUILD", (machine) => build(machine)],
];

/** Valid in pickles, never written by torch: named here so that the message can name them. */
const refusedNames: Readonly<Record<number, string>> = {
  0x69: "INST",
  0x6f: "OBJ",
  0x82: "EXT1",
  0x83: "EXT2",
  0x84: "EXT4",
  0x50: "PERSID",
  0x97: "NEXT_BUFFER",
  0x98: "READONLY_BUFFER",
  0x30: "POP",
  0x31: "POP_MARK",
  0x32: "DUP",
  0x46: "FLOAT",
  0x49: "INT",
  0x4c: "LONG",
  0x53: "STRING",
  0x56: "UNICODE",
  0x64: "DICT",
  0x67: "GET",
  0x70: "PUT",
};

const operationByCode = new Map(operations.map(([code, name, run]) => [code, { name, run }]));

/**
 * Runs one pickle from `start` to its STOP.
 * @returns its value, and the position behind it
 * @throws AppError FileFormat, and PickleTruncated when it goes on behind `bytes`
 */
export function runPickle({ bytes, start, file, part, host }: PickleInput): {
  value: PickleValue;
  end: number;
} {
  const cursor = new PickleCursor(bytes, start);
  let spent = 0;
  const spend: Spend = (count) => {
    spent += count;
    if (spent > MAX_OPERATIONS) throw new PickleFault(`at most ${MAX_OPERATIONS} operations`, "more");
  };
  const machine: Machine = { cursor, host, stack: [], marks: [], memo: new Map(), spend };
  let at = start;
  let name = "opcode";
  try {
    for (;;) {
      at = cursor.position;
      name = "opcode";
      const code = cursor.uint8();
      spend(1);
      if (code === STOP) return { value: pop(machine), end: cursor.position };
      const operation = operationByCode.get(code);
      if (!operation) throw unknownOpcode(code);
      name = operation.name;
      operation.run(machine);
    }
  } catch (error) {
    if (!(error instanceof PickleFault)) throw error;
    throw pickleError(file, `${part}, byte ${at} (${name})`, error);
  }
}

function unknownOpcode(code: number): PickleFault {
  const hex = `0x${code.toString(16).padStart(2, "0")}`;
  const name = refusedNames[code];
  return name === undefined
    ? new PickleFault("an opcode", hex)
    : new PickleRefusal("an opcode that tensors are written with", `${name} (${hex})`);
}
