// Which sessions make room for the next one.

import { describe, expect, test } from "vitest";
import {
  memoryBudget,
  sessionsToRelease,
  type HeldSession,
  type SessionFootprint,
  type SessionKind,
} from "../../../src/engine/memory-policy.ts";

const GIB = 2 ** 30;

let clock = 0;
const held = (
  key: string,
  modelId: string,
  kind: SessionKind,
  bytes: number,
  lastUsed = ++clock,
): HeldSession => ({
  key,
  modelId,
  kind,
  bytes,
  workingBytes: 0,
  lastUsed,
});
const incoming = (kind: SessionKind, bytes: number, workingBytes = 0): SessionFootprint => ({
  key: "new",
  kind,
  modelId: "a",
  bytes,
  workingBytes,
});

describe("sessionsToRelease()", () => {
  test("keeps everything while the budget lasts", () => {
    expect(
      sessionsToRelease([held("1", "b", "unet", 4), held("2", "a", "unet", 4)], incoming("unet", 2), 10),
    ).toEqual([]);
  });

  test("gives up other models first, the one used longest ago before the others", () => {
    const sessions = [
      held("mine", "a", "text encoder", 1),
      held("newer", "b", "unet", 4, 9),
      held("older", "b", "vae decoder", 4, 2),
    ];
    expect(sessionsToRelease(sessions, incoming("unet", 4), 9)).toEqual(["older"]);
    expect(sessionsToRelease(sessions, incoming("unet", 8), 9)).toEqual(["older", "newer"]);
  });

  test("never lets the keys of a prompt push out the UNet that takes them up", () => {
    const sessions = [held("other size", "a", "unet", 4), held("unet", "a", "unet", 4)];
    const vae = held("vae", "a", "vae decoder", 2);
    expect(sessionsToRelease([...sessions, vae], incoming("prompt keys", 1), 4)).toEqual([
      "vae",
      "other size",
    ]);
    expect(sessionsToRelease(sessions, { ...incoming("prompt keys", 1), modelId: "b" }, 4)).toHaveLength(2);
  });

  test("gives up other shapes of the same network before this job's other networks, and the unet last", () => {
    const sessions = [
      held("unet 64", "a", "unet", 4),
      held("text", "a", "text encoder", 2),
      held("decoder 32", "a", "vae decoder", 2),
    ];
    expect(sessionsToRelease(sessions, incoming("vae decoder", 2), 8)).toEqual(["decoder 32"]);
    expect(sessionsToRelease(sessions, incoming("vae decoder", 4), 8)).toEqual(["decoder 32", "text"]);
    expect(sessionsToRelease(sessions, incoming("vae decoder", 8), 8)).toEqual([
      "decoder 32",
      "text",
      "unet 64",
    ]);
  });

  test("makes room for what the new session needs while it runs, and counts no other's, which does not run then", () => {
    const resting = { ...held("text", "a", "text encoder", 2), workingBytes: 8 };
    expect(sessionsToRelease([resting], incoming("unet", 4, 4), 10)).toEqual([]);
    expect(sessionsToRelease([resting], incoming("unet", 4, 5), 10)).toEqual(["text"]);
  });

  test("gives up everything for a session that may not fit at all", () => {
    expect(sessionsToRelease([held("1", "a", "unet", 4)], incoming("vae decoder", 100), 10)).toEqual(["1"]);
  });
});

describe("memoryBudget()", () => {
  test("never plans more for WebAssembly than its heap can hold", () => {
    expect(memoryBudget("wasm", 8)).toBe(2.75 * GIB);
    expect(memoryBudget("webgpu", 8)).toBeGreaterThan(4 * GIB);
  });

  test("plans a share of small machines' memory, and a modest one where the browser does not tell", () => {
    expect(memoryBudget("wasm", 2)).toBeLessThan(2 * GIB);
    expect(memoryBudget("webgpu", undefined)).toBeLessThan(4 * GIB);
  });
});
