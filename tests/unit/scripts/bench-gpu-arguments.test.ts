// What the GPU benchmark is asked for, and what it asks Python for.

import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseBenchArguments, UsageError } from "../../../scripts/bench-gpu-arguments.ts";
import {
  expectedCommand,
  expectedFiles,
  exportedFiles,
  measureOthers,
  othersCommand,
  writeExpected,
  type OthersFolders,
} from "../../../scripts/bench-others.ts";

describe("parseBenchArguments()", () => {
  test("measures all models at full size unless told otherwise, and writes nothing", () => {
    expect(parseBenchArguments([])).toMatchObject({
      all: false,
      size: "full",
      models: ["sd-1.5", "sd-2.1-base", "sdxl", "rrdbnet-x4"],
      runs: 5,
      pictures: true,
      variants: false,
      write: false,
    });
  });

  test("--all brings variants, files of weights and the document with it", () => {
    expect(parseBenchArguments(["--all", "--weights", "virtual", "--against", "eager,floor"])).toMatchObject({
      variants: true,
      weights: "file",
      write: true,
      python: "python3",
      against: ["eager", "floor"],
    });
  });

  test.each([
    [["--size", "huge"], '--size: expected full, small, got "huge"'],
    [["--models", "sd-1.5,flux"], /^--models: expected sd-1\.5, .* got "flux"$/],
    [["--runs", "0"], '--runs: expected a whole number of at least 1, got "0"'],
    [["--against", "jax"], '--against: expected eager, compiled, floor, got "jax"'],
    [["--all", "--node", "webgpu"], /^--all: expected without --node/],
    [["--all", "--expected", "folder"], /^--all: expected without .*--expected/],
    [["--nothing"], /--nothing/],
  ])("%j is refused with what was expected", (args, message) => {
    expect(() => parseBenchArguments(args)).toThrow(UsageError);
    expect(() => parseBenchArguments(args)).toThrow(message);
  });
});

describe("the others", () => {
  const folders = (): OthersFolders => {
    const folder = mkdtempSync(join(tmpdir(), "kiln-others-"));
    return {
      weights: join(folder, "weights"),
      reports: join(folder, "reports"),
      exports: join(folder, "exports"),
      expected: join(folder, "expected"),
    };
  };

  test("are measured on the same models, size, runs and weights", () => {
    const where = { weights: "w", reports: "r", exports: "e", expected: "x" };
    const values = parseBenchArguments(
      "--all --size small --models sdxl --runs 3 --against floor".split(" "),
    );
    const [script, ...options] = othersCommand(values, where);
    expect(existsSync(script)).toBe(true);
    expect(options.join(" ")).toBe(
      "--weights w --out r --export e --size small --models sdxl --runs 3 --what floor",
    );
    const [expectedScript, ...expectedOptions] = expectedCommand(values, where);
    expect(existsSync(expectedScript)).toBe(true);
    expect(expectedOptions.join(" ")).toBe("--weights w --out x --size small --models sdxl");
  });

  test("that fail leave the reports they wrote, and say why", () => {
    const where = folders();
    mkdirSync(where.reports);
    writeFileSync(join(where.reports, "floor.json"), "{}");
    const absent = parseBenchArguments(["--all", "--python", "/nowhere/python"]);
    const { reports, failure } = measureOthers(absent, where);
    expect(reports).toEqual([join(where.reports, "floor.json")]);
    expect(failure).toContain("ENOENT");
    expect(writeExpected(absent, where)).toContain("ENOENT");
    expect(writeExpected({ ...absent, python: "true" }, where)).toBeUndefined();
    const failing = measureOthers({ ...absent, python: "false" }, where);
    expect(failing.failure).toBe("false ended with 1");
    expect(measureOthers({ ...absent, python: "true" }, where).failure).toBeUndefined();
  });

  test("exports are graphs with their weights beside them, nothing else", () => {
    const { exports } = folders();
    expect(exportedFiles(exports)).toEqual([]);
    mkdirSync(exports);
    for (const name of ["sdxl__unet.onnx", "sdxl__unet.onnx.data", "notes.txt"])
      writeFileSync(join(exports, name), "");
    expect(exportedFiles(exports).map((path) => path.slice(exports.length + 1))).toEqual([
      "sdxl__unet.onnx",
      "sdxl__unet.onnx.data",
    ]);
  });

  test("what is expected of components is told from what is expected of whole runs", () => {
    const { expected } = folders();
    expect(expectedFiles(expected)).toEqual([]);
    mkdirSync(expected);
    for (const name of ["sdxl__unet.safetensors", "kiln-small.run.safetensors"])
      writeFileSync(join(expected, name), "");
    expect(expectedFiles(expected)).toEqual([join(expected, "sdxl__unet.safetensors")]);
  });
});
