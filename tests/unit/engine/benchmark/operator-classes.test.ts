// Programs of the runtime fall into the classes that the report sums by. Declarations are what onnxruntime 1.30 printed of its
// shaders.

import { expect, test } from "vitest";
import { operatorClass, secondsByClass } from "../../../../src/engine/benchmark/operator-classes.ts";
import { shaderDeclarations } from "../../../../src/ort/pass-timer.ts";

test.each([
  [
    "Conv2dMM",
    "x w bias result uniforms x_shape w_shape dim_a_outer dim_b_outer dim_inner pads strides dilations",
    "convolution",
  ],
  [
    "Gemm",
    "a b c output uniforms a_shape b_shape output_shape alpha beta dim_a_outer dim_b_outer dim_inner",
    "matrix product",
  ],
  [
    "MatMul",
    "a b output uniforms a_shape b_shape dim_a_outer dim_b_outer dim_inner splits_per_batch",
    "matrix product",
  ],
  [
    "FlashAttention",
    "q present_key present_value output uniforms new_sequence_length batch_size alpha",
    "attention",
  ],
  ["CopyKVCache", "key value present_key present_value uniforms key_shape copy_size num_heads", "attention"],
  ["LayerNorm", "x scale bias y uniforms components norm_count norm_size epsilon", "normalisation"],
  ["ComputeChannelScaleShift", "x scale bias output uniforms x_shape x_stride", "normalisation"],
  [
    "InstanceNorm",
    "input channel_scale_shift output uniforms channel_scale_shift_shape output_size",
    "normalisation",
  ],
  ["Transpose", "a output uniforms a_shape a_stride output_shape output_stride output_size", "layout"],
  ["Concat", "input_0 input_1 output uniforms offsets sizes_in_concat_axis output_size", "layout"],
  ["Gather", "data input_indices output uniforms data_indices_shape data_indices_stride data_size", "layout"],
  ["QuickGelu", "x y uniforms vec_size attr", "elementwise"],
  ["Add", "input_a input_b output uniforms vec_size element_count", "elementwise"],
  ["ArgMax", "input output uniforms input_shape no_op_with_empty_axes reduce_size", "other"],
])("%s", (_program, declarations, name) => {
  expect(operatorClass(declarations)).toBe(name);
});

test("shaderDeclarations() lists bindings, then the uniforms' fields", () => {
  const code = `
    struct Uniforms { vec_size: u32, attr: f32 }
    @group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
    @group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
    @group(0) @binding(2) var<uniform> uniforms: Uniforms;
    @compute @workgroup_size(64) fn main() { var sum: f32 = 0; }`;
  expect(shaderDeclarations(code)).toBe("x y uniforms vec_size attr");
});

test("secondsByClass() sums, largest class first", () => {
  const sums = secondsByClass(
    new Map([
      ["x y uniforms vec_size", 1],
      ["x w result uniforms dilations", 2],
      ["x w bias result uniforms dilations", 3],
    ]),
  );
  expect(Object.entries(sums)).toEqual([
    ["convolution", 5],
    ["elementwise", 1],
  ]);
});
