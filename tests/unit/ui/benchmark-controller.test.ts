// Where a benchmark stands, as the page sees it.

import { expect, test } from "vitest";
import { AppError } from "../../../src/protocol/app-error.ts";
import type { BenchmarkRequest } from "../../../src/protocol/benchmark-api.ts";
import { BenchmarkController } from "../../../src/ui/controllers/benchmark-controller.ts";
import { FakeBenchmark, fakeReport } from "../../support/fake-benchmark.ts";

const REQUEST: BenchmarkRequest = {
  device: "auto",
  size: "small",
  models: ["sd-1.5"],
  runs: 1,
  pictures: false,
};

function setUp() {
  const runner = new FakeBenchmark();
  const freed: number[] = [];
  const controller = new BenchmarkController(runner, () => {
    freed.push(runner.requests.length);
    return Promise.resolve();
  });
  return { runner, freed, controller };
}

/** Lets everything that is ready happen. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test("the device is freed first; progress and report follow", async () => {
  const { runner, freed, controller } = setUp();
  const ended = controller.start(REQUEST);
  await settle();
  expect(freed).toEqual([0]);
  expect(controller.state.value).toEqual({ running: true });
  const progress = { what: "sd-1.5 unet", done: 1, total: 4 };
  runner.tell(progress);
  expect(controller.state.value).toEqual({ running: true, progress });
  runner.finish(fakeReport());
  await ended;
  expect(controller.state.value).toEqual({ running: false, report: fakeReport() });
});

test("a second start while one runs does nothing", async () => {
  const { runner, controller } = setUp();
  const first = controller.start(REQUEST);
  await controller.start(REQUEST);
  await settle();
  expect(runner.requests).toHaveLength(1);
  runner.finish(fakeReport());
  await first;
});

test("cancelling ends it without an error, and it can be started again", async () => {
  const { runner, controller } = setUp();
  const ended = controller.start(REQUEST);
  await settle();
  controller.cancel();
  await ended;
  expect(controller.state.value).toEqual({ running: false });
  const again = controller.start(REQUEST);
  await settle();
  expect(runner.requests).toHaveLength(2);
  runner.finish(fakeReport());
  await again;
});

test("a failure is kept with its details", async () => {
  const { runner, controller } = setUp();
  const ended = controller.start(REQUEST);
  await settle();
  runner.fail(new AppError("Unsupported", "This browser found no WebGPU adapter.", { where: "device" }));
  await ended;
  expect(controller.state.value).toMatchObject({ running: false, error: { name: "Unsupported" } });
});
