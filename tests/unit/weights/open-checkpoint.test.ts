// Files are told apart by their first bytes, whatever they are called.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openCheckpoint } from "../../../src/weights/open-checkpoint.ts";
import { writeSafetensors } from "../../../src/weights/write-safetensors.ts";

const PICKLES = join(import.meta.dirname, "../../fixtures/pickles");

test("a .safetensors file is opened as one", async () => {
  const bytes = writeSafetensors(new Map([["a", { dtype: "F32", shape: [1], bytes: new Uint8Array(4) }]]));
  const checkpoint = await openCheckpoint(memorySource(bytes, "model.ckpt"));
  expect([...checkpoint.tensors.keys()]).toEqual(["a"]);
});

test.each(["every-dtype.pt", "every-dtype-legacy.pth", "lightning.ckpt"])(
  "torch's %s is opened as one",
  async (name) => {
    const source = memorySource(new Uint8Array(readFileSync(join(PICKLES, name))), "model.safetensors");
    const checkpoint = await openCheckpoint(source);
    expect(checkpoint.tensors.size).toBeGreaterThan(0);
  },
);

test("an empty file is refused with a sentence that names it", async () => {
  await expect(openCheckpoint(memorySource(new Uint8Array(0), "empty.ckpt"))).rejects.toMatchObject({
    name: "FileFormat",
    message: expect.stringContaining("empty.ckpt") as string,
  });
});
