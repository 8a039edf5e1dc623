// Errors cross ports and storage as plain data and come back with their names.

import { expect, test } from "vitest";
import { AppError, isAppError, reviveError, serializeError } from "../../../src/protocol/app-error.ts";

const error = new AppError(
  "StorageFull",
  "No room.",
  { where: "disk", need: 5 },
  { cause: new Error("deep") },
);

test("an AppError survives the way through structured clone", () => {
  const revived = reviveError(structuredClone(serializeError(error)));
  expect(revived).toBeInstanceOf(AppError);
  expect(revived).toMatchObject({
    name: "StorageFull",
    message: "No room.",
    details: { where: "disk", need: 5 },
  });
});

test("a plain error keeps its name and message and does not become an AppError", () => {
  const revived = reviveError(structuredClone(serializeError(new RangeError("too far"))));
  expect(revived).not.toBeInstanceOf(AppError);
  expect(revived).toMatchObject({ name: "RangeError", message: "too far" });
});

test.each([
  ["text", "text"],
  [undefined, "undefined"],
  [{ a: 1 }, "[object Object]"],
])("anything else that was thrown (%j) becomes a message", (thrown, message) => {
  expect(serializeError(thrown)).toEqual({ name: "Error", message });
});

test("names are told apart without instanceof", () => {
  const received: unknown = { ...serializeError(error) };
  expect(isAppError(error)).toBe(true);
  expect(isAppError(received, "StorageFull")).toBe(true);
  expect(isAppError(error, "Network", "StorageFull")).toBe(true);
  expect(isAppError(error, "Network")).toBe(false);
  expect(isAppError(new Error("x"))).toBe(false);
  expect(isAppError(null)).toBe(false);
  expect(isAppError("StorageFull")).toBe(false);
});
