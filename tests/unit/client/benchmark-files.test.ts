// Files given to a benchmark are told apart by their names.

import { expect, test } from "vitest";
import {
  benchmarkFiles,
  expectedFileName,
  exportFileName,
  weightsFileName,
} from "../../../src/client/benchmark-files.ts";

const file = (name: string): File => new File(["x"], name);

test("weights of the size asked for, and exports with their data", () => {
  const graph = exportFileName("sdxl", "text encoder 1");
  const files = [file(weightsFileName("sd-1.5", "full")), file(graph), file(`${graph}.data`)];
  const { weights, exports } = benchmarkFiles(files, "full");
  expect(weights).toEqual({ "sd-1.5": files[0] });
  expect(exports).toEqual([
    {
      model: "sdxl",
      component: "text encoder 1",
      graph: files[1],
      data: files[2],
      dataName: `${graph}.data`,
    },
  ]);
});

test("what is expected of components", () => {
  const given = file(expectedFileName("sdxl", "text encoder 2"));
  expect(benchmarkFiles([given], "small")).toEqual({
    expected: [{ model: "sdxl", component: "text encoder 2", file: given }],
  });
});

test("no files leave the request as it is", () => {
  expect(benchmarkFiles([], "full")).toEqual({});
});

test.each([
  [[weightsFileName("sd-1.5", "small")], "sd-1.5-small.safetensors"],
  [["model.onnx", "model.onnx.data"], "model.onnx"],
  [["sd-1.5__unet.onnx"], "sd-1.5__unet.onnx"],
  [["flux__unet.safetensors"], "flux__unet.safetensors"],
  [["sd-1.5__unet.onnx.data"], "sd-1.5__unet.onnx.data"],
])("%j is refused by name", (names, where) => {
  expect(() => benchmarkFiles(names.map(file), "full")).toThrow(
    expect.objectContaining({
      name: "InvalidRequest",
      details: expect.objectContaining({ where }) as unknown,
    }),
  );
});
