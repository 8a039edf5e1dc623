// Sources written to disk: every byte, in order, though written in pieces.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeSource } from "../../../scripts/write-source.ts";
import { randomSource } from "../../../src/weights/random-source.ts";

test("writeSource() writes a file of several pieces as the source has it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kiln-write-source-"));
  try {
    const path = join(folder, "w.safetensors");
    const source = randomSource("random", [{ key: "w", shape: [3000, 1000], mean: 1, deviation: 1 }], 7);
    await writeSource(source, path);
    expect(Buffer.compare(readFileSync(path), source.readSync(0, source.byteLength))).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
