// What a job loads and gives up: weights read, sessions made and released are counted, with room for two models, for one, for one
// network at a time, and for nothing.

import { beforeEach, describe, expect, test } from "vitest";
import type { OpenedModel } from "../../../src/library/open-model.ts";
import type { OrtBuild } from "../../../src/ort/ort-build.ts";
import type { KilnEngine } from "../../../src/engine/engine.ts";
import { openTinyModel } from "../../support/node-fixtures.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { loadNodeOrt } from "../../support/node-runtime.ts";
import { countingSource, type CountingByteSource } from "../../support/counting-source.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

// The tiny model's weights take 7 MiB and its decoder 4 more while it runs; sessions may take 0.6 of what the device has.
const ROOM_FOR_ONE_GIB = 12 / 1024 / 0.6;

// Hardly more than the decoder takes alone.
const ROOM_FOR_ONE_NETWORK_GIB = 5.3 / 1024;
const NO_ROOM_GIB = 4 / 1024;
const HEADER_BYTES = 100_000;

/** Bytes read from models' files, and sessions made and released, since the engine started. */
class Counts {
  readonly #sources: CountingByteSource[] = [];
  readonly events: ("create" | "release")[] = [];

  get all(): { readonly bytes: number; readonly sessions: number } {
    const bytes = this.#sources.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    return { bytes, sessions: this.events.filter((event) => event === "create").length };
  }

  async openModel(modelId: string): Promise<OpenedModel> {
    const model = await openTinyModel(modelId);
    const source = countingSource(model.source);
    this.#sources.push(source);
    return { ...model, source };
  }

  async loadOrt(): Promise<OrtBuild> {
    const build = await loadNodeOrt();
    const create: typeof build.ort.InferenceSession.create = async (...parameters: [never]) => {
      this.events.push("create");
      const session = await build.ort.InferenceSession.create(...parameters);
      const release = session.release.bind(session);
      session.release = () => {
        this.events.push("release");
        return release();
      };
      return session;
    };
    return { ...build, ort: { ...build.ort, InferenceSession: { create } } };
  }
}

let counts: Counts;
let engine: KilnEngine;

async function start(deviceMemoryGib: number): Promise<void> {
  counts = new Counts();
  ({ engine } = await startNodeEngine({
    openModel: (id) => counts.openModel(id),
    loadOrt: () => counts.loadOrt(),
    deviceMemoryGib,
  }));
}

let jobs = 0;
const generate = (modelId: string, changes: Parameters<typeof tinyRequest>[0] = {}) =>
  engine.generate(`job ${++jobs}`, tinyRequest({ modelId, steps: 1, ...changes }));

describe("with room for both models", () => {
  beforeEach(() => start(8));

  test("the first picture reads the weights, and one more of the same model and size reads nothing", async () => {
    await generate("a");
    const first = counts.all;
    expect(first.bytes).toBeGreaterThan(0);
    expect(first.sessions).toBe(4); // text encoder, UNet, keys and values of the prompt, VAE decoder

    await generate("a", { prompt: "f j", seed: 7, steps: 2 });
    expect(counts.all).toEqual(first);
  });

  test("another size makes a new UNet and VAE decoder, the text encoder stays", async () => {
    await generate("a");
    const { sessions } = counts.all;
    await generate("a", { width: 128 });
    expect(counts.all.sessions).toBe(sessions + 2);
  });

  test("switching back to a model used before reads nothing", async () => {
    await generate("a");
    await generate("b");
    const before = counts.all;
    await generate("a");
    expect(counts.all).toEqual(before);
  });
});

test("with room for one model, the one that was given up is read again and the one in use is not", async () => {
  await start(ROOM_FOR_ONE_GIB);
  await generate("a");
  await generate("b");
  const before = counts.all;
  await generate("b");
  expect(counts.all).toEqual(before);
  await generate("a");
  expect(counts.all.sessions).toBe(before.sessions + 4);
  expect(counts.all.bytes).toBeGreaterThan(before.bytes);
});

test("with room for one network, the text encoder is released before the UNet loads, and that loads once", async () => {
  await start(ROOM_FOR_ONE_NETWORK_GIB);
  const { pictures } = await generate("a");
  expect(pictures).toBe(1);
  const unet = ["create", "create"]; // and the keys and values of its prompt
  expect(counts.events).toEqual(["create", "release", ...unet, "release", "release", "create"]);
});

test("with room for nothing, it says what is missing and has read no weights", async () => {
  await start(NO_ROOM_GIB);
  await expect(generate("a")).rejects.toMatchObject({
    name: "TooLarge",
    message: expect.stringMatching(
      /^Tiny needs \d.* of memory on the processor for 64x64 pixels in float32, and this device offers 4\.2 MB\./,
    ) as string,
  });
  expect(counts.events).toEqual([]);
  expect(counts.all.bytes).toBeLessThan(HEADER_BYTES);
});
