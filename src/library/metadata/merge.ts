// Lays somebody else's metadata over ours by a rule, and says what would change. Writes nothing.

import type { MergeChange, MergeRule, ModelMetadata } from "../../protocol/metadata-api.ts";
import { cleanFacts, isEmpty, isSame, type MetadataFacts } from "./metadata-record.ts";

export interface Incoming {
  readonly facts: MetadataFacts;
  /** ISO 8601; empty when the other side does not say. */
  readonly lastUpdated: string;
  /** Fields that a person wrote on the other side. */
  readonly edited?: readonly string[];
}

export interface Merged {
  readonly metadata: ModelMetadata;
  readonly changes: readonly MergeChange[];
}

// Two fields are one statement: a hash without its kind means nothing.
const TOGETHER: Readonly<Record<string, string>> = { hash_type: "hash" };

// Both sides' tags are true.
const UNITED = ["tags"];

const MAX_SHOWN = 200;

export function merge(ours: ModelMetadata, incoming: Incoming, rule: MergeRule): Merged {
  const theirs: Readonly<Record<string, unknown>> = cleanFacts(incoming.facts);
  const theirsIsNewer = incoming.lastUpdated > ours.last_updated;
  const decide = (field: string): "ours" | "theirs" | "both" => {
    const [our, their] = [ours[field as keyof ModelMetadata], theirs[field]];
    if (rule === "replace") return "theirs";
    if (UNITED.includes(field)) return "both";
    if (isEmpty(our)) return "theirs";
    if (isEmpty(their)) return "ours";
    if (fromTheFile(field, ours, incoming)) return "theirs";
    return rule === "newer" && theirsIsNewer ? "theirs" : "ours";
  };
  const result: Record<string, unknown> = { ...ours };
  const changes: MergeChange[] = [];
  const taken = new Set<string>();
  for (const [field, their] of Object.entries(theirs)) {
    const our = ours[field as keyof ModelMetadata];
    const takes = decide(TOGETHER[field] ?? field);
    const next = takes === "ours" ? our : takes === "theirs" ? their : united(our, their);
    result[field] = next;
    if (!isSame(next, our)) taken.add(field);
    const differ = !isSame(our, their) && !(isEmpty(our) && isEmpty(their));
    if (differ && !(takes === "both" && isSame(next, our))) {
      changes.push({ field, ours: shown(our), theirs: shown(their), takes });
    }
  }
  const edited = (incoming.edited ?? []).filter((field) => taken.has(field));
  result.edited = [...new Set([...ours.edited, ...edited])];
  return { metadata: result as unknown as ModelMetadata, changes };
}

/** What every record begins with is no statement of ours, so a statement of theirs is worth more. */
function fromTheFile(field: string, ours: ModelMetadata, incoming: Incoming): boolean {
  if (field === "lookup") return ours.lookup !== "found";
  if (field === "hash") return !ours.edited.includes("hash");
  return field === "name" && !ours.edited.includes("name") && (incoming.edited ?? []).includes("name");
}

/** True when applying would change something. */
export function changesAnything({ changes }: Merged): boolean {
  return changes.some(({ takes }) => takes !== "ours");
}

function united(our: unknown, their: unknown): unknown {
  return [...new Set([...(our as readonly string[]), ...(their as readonly string[])])];
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ").slice(0, MAX_SHOWN);
  if (typeof value === "string") return value.slice(0, MAX_SHOWN);
  return isEmpty(value) ? "" : JSON.stringify(value).slice(0, MAX_SHOWN);
}
