// Which models of the library are shown, and in what order. Pure: entries in, entries out.

import type { ModelRecord } from "../protocol/library-api.ts";
import type { ModelMetadata } from "../protocol/metadata-api.ts";
import type { ModelType } from "../protocol/model-manifest.ts";
import { familyName, shortHash } from "./model-names.ts";

/** A model and what is known about it. Metadata arrives after the records. */
export interface LibraryEntry {
  readonly record: ModelRecord;
  readonly metadata?: ModelMetadata;
}

export const MODEL_SORTS = ["newest", "name", "size", "base"] as const;
export type ModelSort = (typeof MODEL_SORTS)[number];

/** Empty strings ask for everything. */
export interface ModelFilter {
  readonly text: string;
  readonly type: ModelType | "";
  readonly base: string;
  readonly tag: string;
  readonly favouritesOnly: boolean;
  readonly sort: ModelSort;
}

export const WHOLE_LIBRARY: ModelFilter = {
  text: "",
  type: "",
  base: "",
  tag: "",
  favouritesOnly: false,
  sort: "newest",
};

export interface Facet<T extends string = string> {
  readonly value: T;
  readonly count: number;
}

/** What can be chosen in the filter, most frequent first. */
export interface ModelFacets {
  readonly types: readonly Facet<ModelType>[];
  readonly bases: readonly Facet[];
  readonly tags: readonly Facet[];
}

export function nameOf({ record, metadata }: LibraryEntry): string {
  return metadata?.name || record.name;
}

export function baseOf({ record, metadata }: LibraryEntry): string {
  return metadata?.base_model || familyName(record.family);
}

export function joinEntries(
  records: readonly ModelRecord[],
  metadata: ReadonlyMap<string, ModelMetadata>,
): readonly LibraryEntry[] {
  return records.map((record) => ({ record, metadata: metadata.get(record.id) }));
}

// Metadata and records are replaced, never changed, so an entry's text stays right as long as the entry lives.
const searchTexts = new WeakMap<LibraryEntry, string>();

function searchText(entry: LibraryEntry): string {
  const known = searchTexts.get(entry);
  if (known !== undefined) return known;
  const { record, metadata } = entry;
  const text = [
    nameOf(entry),
    record.fileName,
    baseOf(entry),
    shortHash(record, metadata),
    record.sha256,
    metadata?.civitai_name,
    metadata?.notes,
    ...(metadata?.trigger_words ?? []),
    ...(metadata?.tags ?? []),
  ]
    .filter((part) => part)
    .join("\n")
    .toLowerCase();
  searchTexts.set(entry, text);
  return text;
}

function matches(entry: LibraryEntry, filter: ModelFilter, words: readonly string[]): boolean {
  const { record, metadata } = entry;
  return (
    (filter.type === "" || record.type === filter.type) &&
    (filter.base === "" || baseOf(entry) === filter.base) &&
    (filter.tag === "" || (metadata?.tags.includes(filter.tag) ?? false)) &&
    (!filter.favouritesOnly || metadata?.favourite === true) &&
    words.every((word) => searchText(entry).includes(word))
  );
}

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const byName = (a: LibraryEntry, b: LibraryEntry): number => names.compare(nameOf(a), nameOf(b));

/** The library lists embedded models first and then the newest ones, which is the order of "newest". */
const ORDERS: Readonly<Record<ModelSort, ((a: LibraryEntry, b: LibraryEntry) => number) | undefined>> = {
  newest: undefined,
  name: byName,
  size: (a, b) => b.record.bytes - a.record.bytes || byName(a, b),
  base: (a, b) => names.compare(baseOf(a), baseOf(b)) || byName(a, b),
};

/** Every word of the text must occur somewhere in what is known of the model. */
export function filterEntries(
  entries: readonly LibraryEntry[],
  filter: ModelFilter,
): readonly LibraryEntry[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = entries.filter((entry) => matches(entry, filter, words));
  const order = ORDERS[filter.sort];
  return order ? shown.toSorted(order) : shown;
}

function countValues<T extends string>(values: Iterable<T>): readonly Facet<T>[] {
  const counts = new Map<T, number>();
  for (const value of values) if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .toSorted((a, b) => b.count - a.count || names.compare(a.value, b.value));
}

export function facetsOf(entries: readonly LibraryEntry[]): ModelFacets {
  return {
    types: countValues(entries.map(({ record }) => record.type)),
    bases: countValues(entries.map(baseOf)),
    tags: countValues(entries.flatMap(({ metadata }) => metadata?.tags ?? [])),
  };
}
