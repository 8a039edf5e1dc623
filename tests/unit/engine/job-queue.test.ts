// The queue of jobs: order, isolation of failures, skip and interrupt.

import { describe, expect, test } from "vitest";
import { JobQueue, type JobControl } from "../../../src/engine/job-queue.ts";

/** A job that runs until it is let go or ended. */
function openJob(): {
  run: (control: JobControl) => Promise<string>;
  letGo: () => void;
  control: Promise<JobControl>;
} {
  let letGo = (): void => undefined;
  let started: (control: JobControl) => void = () => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const control = new Promise<JobControl>((resolve) => (started = resolve));
  return {
    letGo,
    control,
    run: async (given) => {
      started(given);
      await gate;
      return "done";
    },
  };
}

describe("JobQueue", () => {
  test("runs one job at a time, in the order they came", async () => {
    const queue = new JobQueue();
    const log: string[] = [];
    const job = (name: string) => async (): Promise<void> => {
      log.push(`${name} starts`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      log.push(`${name} ends`);
    };
    await Promise.all(["a", "b", "c"].map((name) => queue.add(name, job(name))));
    expect(log).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
  });

  test("a failing job rejects alone", async () => {
    const queue = new JobQueue();
    const failing = queue.add("a", () => Promise.reject(new Error("broken")));
    const next = queue.add("b", () => Promise.resolve(7));
    await expect(failing).rejects.toThrow("broken");
    expect(await next).toEqual({ outcome: "ended", value: 7 });
  });

  test("refuses an id that is in use and takes it again afterwards", async () => {
    const queue = new JobQueue();
    const first = openJob();
    const running = queue.add("a", first.run);
    await expect(queue.add("a", () => Promise.resolve(0))).rejects.toMatchObject({ name: "InvalidRequest" });
    first.letGo();
    await running;
    expect(await queue.add("a", () => Promise.resolve(1))).toEqual({ outcome: "ended", value: 1 });
  });

  test("an interrupted waiting job never starts and answers at once", async () => {
    const queue = new JobQueue();
    const first = openJob();
    const running = queue.add("a", first.run);
    let started = false;
    const waiting = queue.add("b", () => {
      started = true;
      return Promise.resolve(0);
    });
    queue.interrupt("b");
    expect(await waiting).toEqual({ outcome: "never started" });
    first.letGo();
    await running;
    expect(started).toBe(false);
  });

  test("skip ends only the batch, interrupt the batch and the job", async () => {
    const queue = new JobQueue();
    const job = openJob();
    const running = queue.add("a", job.run);
    const control = await job.control;
    const first = control.nextBatch();
    queue.skip("a");
    expect(first.aborted).toBe(true);
    expect(control.interrupted.aborted).toBe(false);
    const second = control.nextBatch();
    expect(second.aborted).toBe(false);
    queue.interrupt("a");
    expect(second.aborted).toBe(true);
    expect(second.reason).toMatchObject({ name: "Interrupted" });
    expect(control.interrupted.aborted).toBe(true);
    job.letGo();
    await running;
  });

  test("skip and interrupt of unknown jobs do nothing", () => {
    const queue = new JobQueue();
    queue.skip("nobody");
    queue.interrupt("nobody");
  });

  test("begins nothing after stop()", async () => {
    const queue = new JobQueue();
    let begun = false;
    const last = queue.add("a", () => {
      queue.stop();
      return Promise.reject(new Error("fatal"));
    });
    void queue.add("b", () => {
      begun = true;
      return Promise.resolve(0);
    });
    await expect(last).rejects.toThrow("fatal");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(begun).toBe(false);
  });

  test("a task between jobs goes ahead of the waiting ones", async () => {
    const queue = new JobQueue();
    const log: string[] = [];
    const first = openJob();
    const running = queue.add("a", first.run);
    const waiting = queue.add("b", () => Promise.resolve(log.push("b")));
    const between = queue.betweenJobs(() => Promise.resolve(void log.push("between")));
    first.letGo();
    await Promise.all([running, waiting, between]);
    expect(log).toEqual(["between", "b"]);
  });
});
