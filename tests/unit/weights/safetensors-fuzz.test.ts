// Thousands of damaged headers, seeded: each opens and detects to a valid result or a named error, in bounded time and memory.

import { expect, test } from "vitest";
import { detectModel } from "../../../src/models/detect-model.ts";
import { isAppError } from "../../../src/protocol/app-error.ts";
import { byteSizes } from "../../../src/weights/dtypes.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { SMALL_CONSTANT_BYTES, watchAllocations } from "../../support/allocated-bytes.ts";
import { headerOnly } from "../../support/header-only.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { tinyModel } from "../../support/tiny-model.ts";
import type { Checkpoint } from "../../../src/weights/checkpoint.ts";

const RUNS = 10_000;

const KEYS = [...tinyModel().keys()];
const NAME_PARTS = [
  "0",
  "1",
  "2",
  "7",
  "1000",
  "99999999999",
  "weight",
  "conv",
  "op",
  "attn",
  "",
  "transformer_blocks",
  "__proto__",
];

/** Bytes of the length field and header, and how many bytes of weights a file claims to have behind them. */
interface Sample {
  readonly head: Uint8Array;
  readonly dataBytes: number;
}

function wholeModel(): Sample {
  const { source, head } = headerOnly(tinyModel(), { metadata: { "kiln.latent_rgb_factors": "{}" } });
  return { head, dataBytes: source.byteLength - head.length };
}

const FRAGMENTS = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "-",
  "1e999",
  "9007199254740993",
  "null",
  '"__proto__":',
  "\u0000",
  "ÿ",
  "[".repeat(50),
  "99999999999999999999",
  "0,0,0,0",
  ".999999999.",
  "F64",
  "BOOL",
  "0.0",
];

type Mutation = (sample: Sample, random: (below: number) => number) => Sample;

/** Replaces a piece of the header and makes the length field fit, so that what follows the length is what is tested. */
function splice({ head, dataBytes }: Sample, at: number, removed: number, inserted: Uint8Array): Sample {
  const result = new Uint8Array(head.length - removed + inserted.length);
  result.set(head.subarray(0, at));
  result.set(inserted, at);
  result.set(head.subarray(at + removed), at + inserted.length);
  new DataView(result.buffer).setBigUint64(0, BigInt(result.length - 8), true);
  return { head: result, dataBytes };
}

const mutations: readonly Mutation[] = [
  function flipOneBit({ head, dataBytes }, random) {
    const copy = head.slice();
    copy[random(copy.length)] ^= 1 << random(8);
    return { head: copy, dataBytes };
  },
  function changeOneDigit({ head, dataBytes }, random) {
    const copy = head.slice();
    let at = 8 + random(copy.length - 8);
    while (at < copy.length && !(copy[at] >= 0x30 && copy[at] <= 0x39)) at++;
    if (at < copy.length) copy[at] = 0x30 + random(10);
    return { head: copy, dataBytes };
  },
  function putFragment(sample, random) {
    const fragment = new TextEncoder().encode(FRAGMENTS[random(FRAGMENTS.length)]);
    const at = 8 + random(sample.head.length - 8);
    return splice(sample, at, Math.min(random(2) * random(12), sample.head.length - at), fragment);
  },
  function changeOneName(sample, random) {
    const text = new TextDecoder().decode(sample.head.subarray(8));
    const key = KEYS[random(KEYS.length)];
    const at = text.indexOf(key);
    if (at < 0) return sample;
    const parts = key.split(".");
    parts[random(parts.length)] = NAME_PARTS[random(NAME_PARTS.length)];
    return splice(sample, 8 + at, key.length, new TextEncoder().encode(parts.join(".")));
  },
  // As many bytes in another shape: what only detection can notice.
  function swapDimensions(sample, random) {
    const text = new TextDecoder().decode(sample.head.subarray(8));
    const found = /"shape":\[(\d+),(\d+)/.exec(text.slice(random(text.length)));
    if (!found) return sample;
    const swapped = found[0].replace(/(\d+),(\d+)/, "$2,$1");
    const at = text.indexOf(found[0]);
    return splice(sample, 8 + at, found[0].length, new TextEncoder().encode(swapped));
  },
  function cutOff({ head, dataBytes }, random) {
    return random(2)
      ? { head: head.slice(0, 9 + random(head.length - 8)), dataBytes: 0 }
      : { head, dataBytes: random(dataBytes + 1) };
  },
  function lengthen({ head, dataBytes }, random) {
    return { head, dataBytes: dataBytes + 1 + random(64) };
  },
  function anyLength({ head, dataBytes }, random) {
    const copy = head.slice();
    for (let i = 0; i < 8; i++) if (random(3) === 0) copy[i] = random(256);
    return { head: copy, dataBytes };
  },
  function blankOut({ head, dataBytes }, random) {
    const copy = head.slice();
    const start = 8 + random(copy.length - 8);
    copy.fill(0x20, start, start + random(200));
    return { head: copy, dataBytes };
  },
];

/** What must hold of anything the reader lets through: ranges that fit the shapes, one after the other, to the file's end. */
function isSound({ source, tensors }: Checkpoint): boolean {
  let position: number | undefined;
  for (const { dtype, shape, start, end } of tensors.values()) {
    if (start !== (position ?? start) || end - start !== shape.reduce((a, b) => a * b, byteSizes[dtype]))
      return false;
    position = end;
  }
  return position === undefined || position === source.byteLength;
}

test(`${RUNS} damaged files end in a valid result or a named error`, async () => {
  const random = seededRandom(20_240_601);
  const original = wholeModel();
  const outcomes = new Map<string, number>();
  let slowest = 0;
  let greediest = 0; // beyond the file's own size
  for (let run = 0; run < RUNS; run++) {
    let sample = original;
    for (let rounds = 1 + random(2); rounds > 0 && sample.head.length > 8; rounds--) {
      sample = mutations[random(mutations.length)](sample, random);
    }
    const byteLength = sample.head.length + sample.dataBytes;
    const allocated = watchAllocations();
    const started = performance.now();
    let outcome = "detected";
    try {
      const checkpoint = await openSafetensors({ ...memorySource(sample.head, "fuzz"), byteLength });
      if (!isSound(checkpoint)) throw new Error("The reader let a broken layout through.");
      detectModel(checkpoint);
    } catch (error) {
      if (!isAppError(error)) throw new Error(`run ${run}`, { cause: error });
      outcome = error.name;
    }
    slowest = Math.max(slowest, performance.now() - started);
    greediest = Math.max(greediest, allocated() - sample.head.length);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  // The mutations must reach past the header's syntax, or the test shows little.
  expect(outcomes.get("FileFormat")).toBeGreaterThan(1000);
  expect(outcomes.get("MissingTensor")).toBeGreaterThan(1000);
  expect([...outcomes.keys()].sort()).toEqual([
    "FileFormat",
    "MissingTensor",
    "ShapeMismatch",
    "UnsupportedModel",
    "detected",
  ]);
  expect(slowest).toBeLessThan(1000);
  expect(greediest).toBeLessThan(SMALL_CONSTANT_BYTES);
});
