// The hashes by which metadata names a file: their kinds, how they are written, which ones to ask for first. Hashes nothing.

import { AppError } from "../../protocol/app-error.ts";
import { HASH_KINDS, type HashKind, type SidecarFields } from "../../protocol/metadata-api.ts";
import type { ModelHashes } from "../../protocol/model-hashes.ts";

interface KindRow {
  readonly lengths: readonly number[];
  readonly upperCase: boolean;
  /** For messages. */
  readonly expected: string;
}

const KINDS: Readonly<Record<HashKind, KindRow>> = {
  AUTOV2: { lengths: [10], upperCase: true, expected: "10 hexadecimal digits" },
  SHA256: { lengths: [64], upperCase: false, expected: "64 hexadecimal digits" },
  civitai: {
    lengths: [8, 10, 12, 64],
    upperCase: true,
    expected: "8, 10, 12 or 64 hexadecimal digits, as on the file's page",
  },
  legacy: { lengths: [8], upperCase: true, expected: "8 hexadecimal digits" },
};

export type HashFields = Pick<SidecarFields, "hash" | "hash_type">;

// What tools show for a file that has no bytes to hash; every such file would match every other.
const EMPTY_DIGEST = "e3b0c442";

/**
 * Accepts what people paste: spaces around it, either case, "AUTOV2: " before it, "0x".
 * @throws AppError InvalidRequest that says how many digits the kind has.
 */
export function parseHash(kind: HashKind, text: string): HashFields {
  const row = KINDS[kind];
  const digits = text
    .trim()
    .replace(/^(?:AUTOV2|SHA256|civitai|legacy)\s*:/i, "")
    .trim()
    .replace(/^0x/i, "");
  const usable = /^[0-9a-f]+$/i.test(digits) && row.lengths.includes(digits.length);
  if (!usable || digits.toLowerCase().startsWith(EMPTY_DIGEST)) {
    const got = digits === "" ? "nothing" : `${digits.slice(0, 70)} (${digits.length} characters)`;
    throw new AppError("InvalidRequest", `A hash of kind ${kind} has ${row.expected}, got ${got}.`, {
      where: "hash",
      expected: row.expected,
      got,
    });
  }
  return { hash: `${kind}: ${written(digits, row)}`, hash_type: kind };
}

/** The digits of a `hash` field; empty when there are none. */
export function hashDigits(hash: string): string {
  return /^\w+: ([0-9a-f]+)$/i.exec(hash)?.[1] ?? "";
}

export function isHashKind(value: unknown): value is HashKind {
  return HASH_KINDS.includes(value as HashKind);
}

/** All hash fields of a file whose SHA-256 is known: AUTOV2 is what other tools show. */
export function hashFieldsOf(
  sha256: string,
): Pick<SidecarFields, "hash" | "hash_type" | "hash_autov2" | "hash_sha256"> {
  const autoV2 = sha256.slice(0, 10).toUpperCase();
  return { hash: `AUTOV2: ${autoV2}`, hash_type: "AUTOV2", hash_autov2: autoV2, hash_sha256: sha256 };
}

/** One digest to ask for, and how far an answer to it is to be trusted. */
export interface HashCandidate {
  readonly digest: string;
  /** Short digests of unlike files can be equal by chance: the answer must be of the right kind of model. */
  readonly weak: boolean;
}

/** In the order to ask: what a person wrote, the whole file, then the weaker kinds. */
export function hashCandidates(
  fields: Pick<SidecarFields, "hash" | "hash_sha256"> & { readonly edited: readonly string[] },
  hashes?: Partial<ModelHashes>,
): HashCandidate[] {
  const embedded = Object.values(hashes?.embedded ?? {}).map((digest) => digest.replace(/^0x/i, ""));
  const digests = [
    fields.edited.includes("hash") ? hashDigits(fields.hash) : "",
    fields.hash_sha256,
    hashes?.autoV3 ?? "",
    // A tool that re-wrote the file's metadata left the hash of its tensors there.
    ...embedded.filter((digest) => digest.length === 64).map((digest) => digest.slice(0, 12)),
    fields.hash_sha256.slice(0, 10),
    hashes?.autoV1 ?? "",
  ].map((digest) => digest.toLowerCase());
  const usable = digests.filter(
    (digest) => /^[0-9a-f]{8,64}$/.test(digest) && !digest.startsWith(EMPTY_DIGEST),
  );
  return [...new Set(usable)].map((digest) => ({ digest, weak: digest.length < 12 }));
}

function written(digits: string, { upperCase }: KindRow): string {
  return upperCase && digits.length < 64 ? digits.toUpperCase() : digits.toLowerCase();
}
