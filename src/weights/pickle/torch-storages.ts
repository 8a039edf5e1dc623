// The storages that a torch pickle refers to, gathered while it runs. Knows keys and sizes, not where the bytes lie.

import { byteSizes } from "../dtypes.ts";
import { quoted } from "../file-format.ts";
import type { PickleHost } from "./pickle-machine.ts";
import { PickleFault } from "./pickle-fault.ts";
import { isKind, isNatural, kindOfPickle } from "./pickle-values.ts";
import type { PickleValue, TorchStorage } from "./pickle-values.ts";
import { torchGlobal } from "./torch-globals.ts";

/** What is stored under a key. */
export interface StoredBytes {
  readonly byteLength: number;
  /** Of the dtype it was first referred to by. */
  readonly elementBytes: number;
}

export interface TorchHost extends PickleHost {
  readonly storages: ReadonlyMap<string, StoredBytes>;
}

export function createTorchHost(): TorchHost {
  const storages = new Map<string, StoredBytes>();
  return {
    storages,
    lookUpGlobal: torchGlobal,
    loadPersistent: (id) => loadPersistent(id, storages),
  };
}

function loadPersistent(id: PickleValue, storages: Map<string, StoredBytes>): PickleValue {
  if (!isKind(id, "tuple")) throw new PickleFault("a reference in a tuple", kindOfPickle(id));
  const [type, ...fields] = id.items;
  if (type === "storage") return loadStorage(fields, storages);
  // Legacy files name a module's class this way the first time, with its source beside it.
  if (type === "module" && isKind(fields[0], "global")) return fields[0];
  throw new PickleFault(
    "a reference to a storage",
    typeof type === "string" ? "another one" : kindOfPickle(type),
  );
}

/** (class, key, location, number of elements, view?), where the location is the device it was saved from. */
function loadStorage(
  [storageClass, key, , count, view]: readonly PickleValue[],
  storages: Map<string, StoredBytes>,
): TorchStorage {
  if (!isKind(storageClass, "global") || storageClass.role.type !== "storage") {
    throw new PickleFault("a storage's class", kindOfPickle(storageClass));
  }
  if (typeof key !== "string") throw new PickleFault("a storage's key", kindOfPickle(key));
  if (!isNatural(count)) throw new PickleFault("a number of elements of at least 0", kindOfPickle(count));
  const { dtype } = storageClass.role;
  const elementBytes = byteSizes[dtype];
  const byteLength = count * elementBytes;
  if (!isNatural(byteLength)) throw new PickleFault("a storage that fits in a file", `${count} elements`);

  const known = storages.get(key);
  if (known === undefined) storages.set(key, { byteLength, elementBytes });
  else if (known.byteLength !== byteLength) {
    throw new PickleFault(
      `${known.byteLength} bytes, as storage ${quoted(key)} had before`,
      `${byteLength} bytes`,
    );
  }
  if (view === undefined || view === null) return { kind: "storage", key, dtype, start: 0, end: byteLength };

  // (key, first element, number of elements): torch before 0.4 saved views of storages.
  const [, first, length] = isKind(view, "tuple") ? view.items : [];
  if (!isNatural(first) || !isNatural(length) || first + length > count) {
    throw new PickleFault(`a view within ${count} elements`, "another one");
  }
  return { kind: "storage", key, dtype, start: first * elementBytes, end: (first + length) * elementBytes };
}
