// Seeded damage to torch's own files: every outcome is an index within the file or a named error, within bounds of time, reading and memory.

import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { isAppError } from "../../../../src/protocol/app-error.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openTorchCheckpoint } from "../../../../src/weights/pickle/torch-checkpoint.ts";
import { SMALL_CONSTANT_BYTES, watchAllocations } from "../../../support/allocated-bytes.ts";
import { countingSource } from "../../../support/counting-source.ts";
import { seededRandom } from "../../../support/seeded-random.ts";

const MUTATIONS_PER_FILE = 1000;
// Small files are read several times over: their ends once with and once without room for a comment.
const MAX_READS_OF_FILE = 6;
// One alone takes a tenth of a millisecond; the machine may be busy.
const MAX_MILLISECONDS = 2000;

const folder = new URL("../../../fixtures/pickles/", import.meta.url);
const names = readdirSync(folder).filter((name) => !name.endsWith(".safetensors"));

const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

type Mutation = (bytes: Uint8Array, random: (limit: number) => number) => Uint8Array;

const mutations: readonly Mutation[] = [
  // One byte.
  (bytes, random) => bytes.with(random(bytes.length), random(256)),
  // One bit.
  (bytes, random) => {
    const at = random(bytes.length);
    return bytes.with(at, bytes[at] ^ (1 << random(8)));
  },
  // A length or an offset.
  (bytes, random) => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(random(bytes.length - 3), extremes[random(extremes.length)], true);
    return copy;
  },
  // The end is missing.
  (bytes, random) => bytes.slice(0, random(bytes.length)),
  // A piece is missing.
  (bytes, random) => {
    const at = random(bytes.length);
    return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + random(16))]);
  },
  // A piece comes twice.
  (bytes, random) => {
    const at = random(bytes.length);
    const piece = bytes.subarray(at, at + 1 + random(64));
    return Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
  },
  // One opcode for another: bytes that mean something to the pickle machine, at its beginning.
  (bytes, random) => {
    const opcodes = "(.)NtRbcQu}]esahqX\x80\x85\x8a\x95";
    const at = random(Math.min(bytes.length, 1500));
    return bytes.with(at, opcodes.charCodeAt(random(opcodes.length)));
  },
];

test.each(names.map((name, index) => [name, index + 1] as const))(
  `${MUTATIONS_PER_FILE} damaged copies of %s end in an index or a named error`,
  async (name, seed) => {
    const original = new Uint8Array(readFileSync(new URL(name, folder)));
    const random = seededRandom(seed);
    let refused = 0;
    for (let round = 0; round < MUTATIONS_PER_FILE; round++) {
      let bytes = mutations[round % mutations.length](original, random);
      if (random(3) === 0 && bytes.length > 4) bytes = mutations[random(mutations.length)](bytes, random);
      const source = countingSource(memorySource(bytes, name));
      const allocated = watchAllocations();
      const started = performance.now();
      try {
        const { tensors } = await openTorchCheckpoint(source);
        for (const { start, end } of tensors.values()) {
          if (!(start >= 0 && start <= end && end <= bytes.length)) throw new Error(`${start} to ${end}`);
        }
      } catch (error) {
        refused++;
        const named = isAppError(error, "FileFormat") && Boolean(error.details.where);
        if (!named) throw new Error(`round ${round} of ${name}`, { cause: error });
      }
      expect(performance.now() - started).toBeLessThan(MAX_MILLISECONDS);
      expect(allocated()).toBeLessThan(bytes.length + SMALL_CONSTANT_BYTES);
      expect(source.bytesRead).toBeLessThanOrEqual(bytes.length * MAX_READS_OF_FILE);
    }
    // Neither did nothing happen, nor was everything refused.
    expect(refused).toBeGreaterThan(MUTATIONS_PER_FILE / 10);
    expect(refused).toBeLessThan(MUTATIONS_PER_FILE);
  },
);
