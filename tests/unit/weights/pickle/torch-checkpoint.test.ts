// Files that torch itself saved, compared tensor by tensor with what torch.load gives. Hostile files have tests of their own.

import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openTorchCheckpoint, startsLikeTorch } from "../../../../src/weights/pickle/torch-checkpoint.ts";
import { openSafetensors } from "../../../../src/weights/safetensors.ts";
import { countingSource } from "../../../support/counting-source.ts";

const folder = new URL("../../../fixtures/pickles/", import.meta.url);
const names = readdirSync(folder).filter((name) => !name.endsWith(".safetensors"));

const fixture = (name: string) => memorySource(readFileSync(new URL(name, folder)), name);

test("there are files of both of torch's forms", () => {
  expect(names.length).toBeGreaterThanOrEqual(11);
});

test.each(names)("every tensor of %s is what torch.load gives", async (name) => {
  const opened = await openTorchCheckpoint(fixture(name));
  const expected = await openSafetensors(fixture(`${name}.safetensors`));
  expect([...opened.tensors.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
  for (const [key, want] of expected.tensors) {
    const got = opened.tensors.get(key)!;
    expect({ key, dtype: got.dtype, shape: got.shape }).toEqual({
      key,
      dtype: want.dtype,
      shape: want.shape,
    });
    expect(opened.source.readSync(got.start, got.end), `${name} ${key}`).toEqual(
      expected.source.readSync(want.start, want.end),
    );
  }
});

test.each(names)("tensors of %s come in file order, without metadata", async (name) => {
  const { tensors, metadata } = await openTorchCheckpoint(fixture(name));
  const starts = [...tensors.values()].map((tensor) => tensor.start);
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
  expect(metadata.size).toBe(0);
});

test.each(names.filter((name) => readFileSync(new URL(name, folder))[0] === 0x50))(
  "opening %s reads no byte of any tensor",
  async (name) => {
    const source = countingSource(fixture(name));
    const { tensors } = await openTorchCheckpoint(source);
    for (const { key, start, end } of tensors.values()) {
      const touched = source.ranges.some(([from, to]) => from < end && start < to);
      expect(touched, `${key} at ${start} to ${end}`).toBe(false);
    }
  },
);

test("torch's files are told from .safetensors files by their first four bytes", () => {
  for (const name of readdirSync(folder)) {
    const start = readFileSync(new URL(name, folder)).subarray(0, 4);
    expect(startsLikeTorch(start), name).toBe(!name.endsWith(".safetensors"));
  }
  // A .safetensors header of 640 bytes begins with the same two bytes as a pickle.
  expect(startsLikeTorch(Uint8Array.of(0x80, 2, 0, 0))).toBe(false);
});

test("tensors that share a storage share its bytes", async () => {
  const { tensors } = await openTorchCheckpoint(fixture("shared-storage.pt"));
  const whole = tensors.get("whole")!;
  expect(tensors.get("rows")).toMatchObject({ start: whole.start + 16, end: whole.start + 64 });
  expect(tensors.get("again")!.start).toBe(tensors.get("rows")!.start);
  expect(tensors.get("empty")).toMatchObject({
    shape: [0, 4],
    start: whole.start + 32,
    end: whole.start + 32,
  });
});
