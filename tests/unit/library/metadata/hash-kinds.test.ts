// Hashes as people paste them, and the order in which they are asked for.

import { describe, expect, test } from "vitest";
import { hashCandidates, hashFieldsOf, parseHash } from "../../../../src/library/metadata/hash-kinds.ts";

const SHA256 = "90bffafd10" + "ab".repeat(27);

describe("validation", () => {
  test.each([
    ["AUTOV2", "90bffafd10", "AUTOV2: 90BFFAFD10"],
    ["AUTOV2", "  AUTOV2: 90BFFAFD10 ", "AUTOV2: 90BFFAFD10"],
    ["SHA256", `0x${SHA256.toUpperCase()}`, `SHA256: ${SHA256}`],
    ["legacy", "FE4EFFF1", "legacy: FE4EFFF1"],
    ["civitai", "fe4efff1e174", "civitai: FE4EFFF1E174"],
    ["civitai", SHA256, `civitai: ${SHA256}`],
  ] as const)("%s %s", (kind, text, hash) => {
    expect(parseHash(kind, text)).toEqual({ hash, hash_type: kind });
  });

  test.each([
    ["AUTOV2", "90BFFAFD1", "10 hexadecimal digits"],
    ["AUTOV2", "90BFFAFD1G", "10 hexadecimal digits"],
    ["SHA256", "90BFFAFD10", "64 hexadecimal digits"],
    ["legacy", "", "8 hexadecimal digits"],
    ["civitai", "90BFFAFD1", "8, 10, 12 or 64"],
    ["AUTOV2", "<script>x", "10 hexadecimal digits"],
    // What an empty file hashes to would match every other empty one.
    ["AUTOV2", "E3B0C44298", "10 hexadecimal digits"],
  ] as const)("refuses %s %s", (kind, text, expected) => {
    expect(() => parseHash(kind, text)).toThrow(expected);
  });

  test("the fields of the original document follow from the file's SHA-256", () => {
    expect(hashFieldsOf(SHA256)).toEqual({
      hash: "AUTOV2: 90BFFAFD10",
      hash_type: "AUTOV2",
      hash_autov2: "90BFFAFD10",
      hash_sha256: SHA256,
    });
  });
});

describe("the order of asking", () => {
  const hashes = {
    sha256: SHA256,
    autoV1: "FE4EFFF1",
    autoV2: SHA256.slice(0, 10),
    autoV3: "aaaabbbbcccc",
    crc32: "00000001",
    blake3: "",
    embedded: { sshs_model_hash: `0x${"12".repeat(32)}`, sshs_legacy_hash: "11112222" },
  };

  test("SHA-256, then the weaker kinds", () => {
    const fields = { hash: "AUTOV2: 90BFFAFD10", hash_sha256: SHA256, edited: [] };
    expect(hashCandidates(fields, hashes).map(({ digest }) => digest)).toEqual([
      SHA256,
      "aaaabbbbcccc",
      "121212121212",
      "90bffafd10",
      "fe4efff1",
    ]);
  });

  test("what a person wrote comes first; short ones are weak", () => {
    const fields = { hash: "legacy: 12345678", hash_sha256: SHA256, edited: ["hash"] };
    expect(hashCandidates(fields)).toEqual([
      { digest: "12345678", weak: true },
      { digest: SHA256, weak: false },
      { digest: "90bffafd10", weak: true },
    ]);
  });
});
