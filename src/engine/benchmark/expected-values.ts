// What another implementation gives for a component in float32, and how far a result is from it. Knows no component.

import type { OnnxValueInfo } from "../../onnx/onnx-model.ts";
import { AppError } from "../../protocol/app-error.ts";
import type { ByteSource } from "../../weights/byte-source.ts";
import { convertTensor } from "../../weights/dtypes.ts";
import { openSafetensors } from "../../weights/safetensors.ts";

type Values = Float32Array | Int32Array;

export interface ExpectedValues {
  readonly inputs: ReadonlyMap<string, Values>;
  readonly outputs: ReadonlyMap<string, Float32Array>;
}

const INPUT = "input.";
const OUTPUT = "output.";

/** @throws AppError FileFormat for another kind of file. */
export async function openExpectedValues(source: ByteSource): Promise<ExpectedValues> {
  const { tensors } = await openSafetensors(source);
  const inputs = new Map<string, Values>();
  const outputs = new Map<string, Float32Array>();
  for (const [key, { dtype, start, end }] of tensors) {
    const bytes = await source.read(start, end);
    const values =
      dtype === "I32"
        ? new Int32Array(convertTensor(bytes, dtype, "int32").buffer)
        : new Float32Array(convertTensor(bytes, dtype, "float32").buffer);
    if (key.startsWith(INPUT)) inputs.set(key.slice(INPUT.length), values);
    if (key.startsWith(OUTPUT) && values instanceof Float32Array)
      outputs.set(key.slice(OUTPUT.length), values);
  }
  return { inputs, outputs };
}

/** The inputs of a graph. @throws AppError InvalidRequest where the file was made for another one. */
export function expectedInputs(
  { inputs }: ExpectedValues,
  wanted: readonly OnnxValueInfo[],
): Record<string, Values> {
  return Object.fromEntries(
    wanted.map(({ name, shape }) => {
      const values = inputs.get(name);
      const length = shape.reduce((product, side) => product * side, 1);
      if (values?.length !== length) throw misfit(`${INPUT}${name}`, length, values);
      return [name, values];
    }),
  );
}

/** Of the output that is furthest off. NaN where one holds no number. */
export function expectedError(
  { outputs }: ExpectedValues,
  results: Readonly<Record<string, Float32Array>>,
): number {
  const errors = [...outputs].map(([name, expected]) => {
    const got = results[name] as Float32Array | undefined;
    if (got?.length !== expected.length) throw misfit(`${OUTPUT}${name}`, got?.length ?? 0, expected);
    return relativeError(got, expected);
  });
  return Math.max(...errors);
}

/** The norm of the difference, of the norm of what was expected. */
export function relativeError(got: Float32Array, expected: Float32Array): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (got[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  return Math.sqrt(difference / size);
}

function misfit(where: string, length: number, values: Values | undefined): AppError {
  const [expected, got] = [`${length} values`, values ? `${values.length}` : "none"];
  return new AppError(
    "InvalidRequest",
    `The expected values have ${got} of ${where}, the graph has ${length}: make them anew for this size.`,
    { where, expected, got },
  );
}
