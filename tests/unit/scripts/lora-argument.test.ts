// The value of `npm run generate -- --lora`.

import { describe, expect, test } from "vitest";
import { parseLoraArgument } from "../../../scripts/lora-argument.ts";

const missing = (): boolean => false;

describe("parseLoraArgument()", () => {
  test.each([
    ["ink.safetensors", ["ink.safetensors", 1, 1]],
    ["ink.safetensors:0.6", ["ink.safetensors", 0.6, 0.6]],
    ["ink.safetensors:-.5:1.", ["ink.safetensors", -0.5, 1]],
    ["C:\\models\\ink.safetensors:0.6:0", ["C:\\models\\ink.safetensors", 0.6, 0]],
    ["a:1:2:3", ["a:1", 2, 3]],
    ["ink:strong", ["ink:strong", 1, 1]],
  ])("reads %s", (value, [path, unetWeight, textWeight]) => {
    expect(parseLoraArgument(value, missing)).toEqual({ path, unetWeight, textWeight });
  });

  test("takes a file whose name ends like weights for the file", () => {
    expect(parseLoraArgument("ink:2", (path) => path === "ink:2")).toEqual({
      path: "ink:2",
      unetWeight: 1,
      textWeight: 1,
    });
  });
});
