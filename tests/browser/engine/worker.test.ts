// The engine in a real worker behind EngineClient: pictures, interruption, errors with their details, dead workers.

import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { EngineClient } from "../../../src/client/engine-client.ts";
import { parseInfotext } from "../../../src/imaging/infotext.ts";
import { readPngText } from "../../../src/imaging/png-text.ts";
import { AppError } from "../../../src/protocol/app-error.ts";
import type { EngineEvent } from "../../../src/protocol/engine-api.ts";
import { GOLDEN_PROMPT } from "../../support/tiny-vocabulary.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const GRACE_MS = 60_000;
/** For the job that never ends. */
const SHORT_GRACE_MS = 1500;
const LONG = 150;

const workers: Worker[] = [];
const endWorkers = (): void => {
  for (const worker of workers.splice(0)) worker.terminate();
};

interface Started {
  readonly engine: EngineClient;
  /** Since the start of the test. */
  readonly events: EngineEvent[];
  /** Resolves with the first event of a type of a job. */
  next(jobId: string, type: EngineEvent["type"]): Promise<EngineEvent>;
}

/** What the page does with a picture; a test may let it fail. */
let store: (event: EngineEvent) => void | Promise<void> = () => undefined;

function createClient(graceMs: number): EngineClient {
  return new EngineClient((name) => {
    const worker = new Worker(new URL("../../support/tiny-engine.worker.ts", import.meta.url), {
      type: "module",
      name,
    });
    workers.push(worker);
    return worker;
  }, graceMs);
}

async function start(graceMs = GRACE_MS): Promise<Started> {
  const engine = createClient(graceMs);
  const events: EngineEvent[] = [];
  const waiting: { jobId: string; type: string; resolve: (event: EngineEvent) => void }[] = [];
  await engine.subscribe(async (event) => {
    events.push(event);
    for (const wait of waiting)
      if (wait.jobId === event.jobId && wait.type === event.type) wait.resolve(event);
    if (event.type === "picture") await store(event);
  });
  await engine.start({ device: "wasm", baseUrl: location.href });
  return {
    engine,
    events,
    next: (jobId, type) => new Promise((resolve) => waiting.push({ jobId, type, resolve })),
  };
}

// Starting a worker compiles the runtime, which takes seconds: the tests that leave it alive share one.
describe("EngineClient with a worker", () => {
  let shared: Started;
  beforeAll(async () => {
    shared = await start();
    return endWorkers;
  });
  beforeEach(() => {
    shared.events.length = 0;
    store = () => undefined;
  });

  test("makes a picture with its recipe inside, previews on the way", async () => {
    const { engine, events } = shared;
    const summary = await engine.generate("a", tinyRequest({ preview: true, batchCount: 2 }));

    expect(summary).toMatchObject({ jobId: "a", outcome: "finished", pictures: 2 });
    expect(summary.overheadShare).toBeLessThan(1);
    const steps = events.filter((event) => event.type === "step");
    expect(steps).toHaveLength(6);
    expect(steps[0].preview).toMatchObject({ width: 8, height: 8 });
    expect(steps[0].preview?.pixels).toHaveLength(8 * 8 * 4);
    const fractions = steps.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));

    const pictures = events.filter((event) => event.type === "picture").map(({ picture }) => picture);
    expect(pictures.map(({ seed, index }) => [seed, index])).toEqual([
      [42, 0],
      [43, 1],
    ]);
    const bitmap = await createImageBitmap(pictures[1].file);
    expect([bitmap.width, bitmap.height]).toEqual([64, 64]);
    const text = readPngText(new Uint8Array(await pictures[1].file.arrayBuffer())).get("parameters");
    expect(text).toBe(pictures[1].infotext);
    const { prompt, parameters } = parseInfotext(text ?? "");
    expect(prompt).toBe(GOLDEN_PROMPT);
    expect(new Map(parameters).get("Seed")).toBe("43");
  });

  test("counts tokens as the model's text encoder sees them", async () => {
    const { engine } = shared;
    expect(await engine.countTokens("tiny", "")).toEqual({ tokens: 0, capacity: 75 });
    expect(await engine.countTokens("tiny", "a b c ".repeat(30))).toEqual({ tokens: 90, capacity: 150 });
  });

  test("interrupt ends a running job within one step and keeps its finished pictures", async () => {
    const { engine, events, next } = shared;
    const job = engine.generate("a", tinyRequest({ steps: LONG, batchCount: 2 }));
    await next("a", "step");
    await engine.interrupt("a");
    const seen = events.filter(({ type }) => type === "step").length;
    expect(await job).toMatchObject({ outcome: "interrupted", pictures: 0 });
    expect(events.filter(({ type }) => type === "step").length - seen).toBeLessThanOrEqual(1);
    expect(await engine.generate("b", tinyRequest())).toMatchObject({ outcome: "finished" });
  });

  test("skip ends one batch and goes on with the next", async () => {
    const { engine, events, next } = shared;
    const job = engine.generate("a", tinyRequest({ steps: 30, batchCount: 2 }));
    await next("a", "step");
    await engine.skip("a");
    expect(await job).toMatchObject({ outcome: "finished", pictures: 1 });
    const [picture] = events.filter((event) => event.type === "picture");
    expect(picture.picture).toMatchObject({ index: 1, seed: 43 });
  });

  test("interrupt ends a job that waits", async () => {
    const { engine, next } = shared;
    const running = engine.generate("a", tinyRequest({ steps: 30 }));
    const waiting = engine.generate("b", tinyRequest());
    await next("a", "step");
    await engine.interrupt("b");
    expect(await waiting).toMatchObject({ outcome: "interrupted", pictures: 0 });
    expect(await running).toMatchObject({ outcome: "finished", pictures: 1 });
  });

  test("errors cross the port with name and details, and the queue goes on", async () => {
    const { engine, events } = shared;
    const invalid = engine.generate("a", tinyRequest({ steps: 0 }));
    const missing = engine.generate("b", tinyRequest({ modelId: "missing" }));
    const good = engine.generate("c", tinyRequest());
    await expect(invalid).rejects.toBeInstanceOf(AppError);
    await expect(invalid).rejects.toMatchObject({
      name: "InvalidRequest",
      details: { where: "steps", got: "0" },
    });
    await expect(missing).rejects.toMatchObject({ name: "ModelNotFound", details: { where: "missing" } });
    expect(await good).toMatchObject({ outcome: "finished" });
    const failed = events.filter((event) => event.type === "failed");
    expect(failed.map(({ jobId, error }) => [jobId, error.name])).toEqual([
      ["a", "InvalidRequest"],
      ["b", "ModelNotFound"],
    ]);
  });

  test("a picture that cannot be stored fails its job with the listener's own error", async () => {
    const full = new AppError("StorageFull", "The disk is full.", {
      where: "gallery",
      expected: "1 MB",
      got: "0 MB",
    });
    store = () => {
      throw full;
    };
    await expect(shared.engine.generate("a", tinyRequest())).rejects.toBe(full);
  });
});

describe("EngineClient when its worker dies", () => {
  beforeEach(() => {
    store = () => undefined;
  });
  afterEach(endWorkers);

  test("a killed worker fails the running job; the waiting one runs in the next worker", async () => {
    const { engine, events, next } = await start();
    const running = engine.generate("a", tinyRequest({ steps: LONG }));
    const waiting = engine.generate("b", tinyRequest());
    await next("a", "step");
    workers[0].terminate();
    await expect(running).rejects.toMatchObject({ name: "WorkerLost", details: { where: "engine" } });
    expect(await waiting).toMatchObject({ outcome: "finished", pictures: 1 });
    expect(workers).toHaveLength(2);
    expect(events.filter((event) => event.type === "failed")).toMatchObject([
      { jobId: "a", error: { name: "WorkerLost" } },
    ]);
  });

  test("a worker that ends by itself is noticed too", async () => {
    const { engine } = await start();
    await expect(engine.generate("a", tinyRequest({ modelId: "dies" }))).rejects.toMatchObject({
      name: "WorkerLost",
    });
    expect(await engine.generate("b", tinyRequest())).toMatchObject({ outcome: "finished" });
  });

  test("memory that ran out is given back with the worker; the jobs behind go on in the next one", async () => {
    const { engine, events } = await start();
    const tooBig = engine.generate("a", tinyRequest({ modelId: "too big" }));
    const good = engine.generate("b", tinyRequest());
    await expect(tooBig).rejects.toMatchObject({ name: "OutOfMemory" });
    expect(await good).toMatchObject({ outcome: "finished", pictures: 1 });
    expect(workers).toHaveLength(2);
    expect(events.filter(({ type }) => type === "failed").map(({ jobId }) => jobId)).toEqual(["a"]);
  });

  test("an upscaling job whose tiles did not fit goes on with smaller ones in the next worker", async () => {
    const { engine, events } = await start();
    const canvas = new OffscreenCanvas(12, 8);
    const context = canvas.getContext("2d")!;
    context.fillStyle = "#c04020";
    context.fillRect(0, 0, 6, 8);
    const end = await engine.upscale("a", {
      upscaler: { kind: "resample", filter: "nearest" },
      target: { kind: "factor", factor: 3 },
      file: await canvas.convertToBlob(),
      fileName: "too large.png",
    });
    expect(end).toMatchObject({ outcome: "finished", width: 36, height: 24 });
    expect(workers).toHaveLength(2);
    const [{ picture }] = events.filter((event) => event.type === "picture");
    const bitmap = await createImageBitmap(picture.file);
    context.clearRect(0, 0, 12, 8);
    context.drawImage(bitmap, 0, 0, 12, 8, 0, 0, 12, 8);
    // The left half keeps its colour; the right one stays transparent.
    expect([...context.getImageData(2, 2, 1, 1).data]).toEqual([0xc0, 0x40, 0x20, 255]);
    context.clearRect(0, 0, 12, 8);
    context.drawImage(bitmap, 24, 0, 12, 8, 0, 0, 12, 8);
    expect(context.getImageData(2, 2, 1, 1).data[3]).toBe(0);
  });

  test("a job that does not react to interrupt costs the worker its life after the grace time", async () => {
    const { engine, next } = await start(SHORT_GRACE_MS);
    const hanging = engine.generate("a", tinyRequest({ modelId: "hangs" }));
    await next("a", "started");
    const end = expect(hanging).rejects.toMatchObject({ name: "Interrupted" });
    await engine.interrupt("a");
    await end;
    expect(await engine.generate("b", tinyRequest())).toMatchObject({ outcome: "finished" });
  });

  test("calls made before start() wait for it, and an interrupt among them is not lost", async () => {
    const engine = createClient(GRACE_MS);
    const count = engine.countTokens("tiny", "a b");
    const job = engine.generate("a", tinyRequest({ steps: LONG }));
    await engine.interrupt("a");
    await engine.start({ device: "wasm", baseUrl: location.href });
    expect(await count).toEqual({ tokens: 2, capacity: 75 });
    expect(await job).toMatchObject({ outcome: "interrupted", pictures: 0 });
  });

  test("restart() gives a fresh engine", async () => {
    const { engine } = await start();
    expect(await engine.restart()).toMatchObject({ device: "wasm" });
    expect(workers).toHaveLength(2);
    expect(await engine.generate("a", tinyRequest())).toMatchObject({ outcome: "finished" });
  });

  test("a program that cannot be loaded is reported, not waited for", async () => {
    const engine = new EngineClient(
      (name) => new Worker(new URL("/no-such-worker.js", location.href), { type: "module", name }),
    );
    await expect(engine.start({ device: "wasm", baseUrl: location.href })).rejects.toMatchObject({
      name: "WorkerLost",
    });
  });
});
