// The widest point of small graphs whose values can be counted by hand.

import { describe, expect, test } from "vitest";
import { multiHeadAttention } from "../../../src/onnx/fused-ops.ts";
import { GraphBuilder } from "../../../src/onnx/graph-builder.ts";
import type { Value } from "../../../src/onnx/graph.ts";
import { add, cast } from "../../../src/onnx/ops.ts";
import { concat, reshape } from "../../../src/onnx/shape-ops.ts";

const KIB = 1024;
const SHAPE = [1, 256]; // 1 KiB of float32

function widest(build: (g: GraphBuilder, x: Value) => Value): number {
  const g = new GraphBuilder("g");
  g.output("y", build(g, g.input("x", "float32", SHAPE)));
  return g.build().workingBytes.tiledScores;
}

describe("workingBytes()", () => {
  test("frees a value after its last use; the caller's input stays", () => {
    const chain = (g: GraphBuilder, x: Value): Value => {
      let value = add(g, "a", x, x);
      for (let i = 0; i < 5; i++) value = add(g, "b", value, value);
      return value;
    };
    expect(widest(chain)).toBe(3 * KIB);
  });

  test("keeps a value until a later node has used it", () => {
    expect(
      widest((g, x) => {
        const early = add(g, "a", x, x);
        const later = add(g, "b", add(g, "c", early, x), x);
        return add(g, "d", later, early);
      }),
    ).toBe(4 * KIB);
  });

  test("counts another shape of the same values once", () => {
    expect(
      widest((g, x) => {
        const doubled = add(g, "a", x, x);
        return add(g, "b", reshape(g, "r", doubled, [256, 1]), reshape(g, "s", doubled, [256, 1]));
      }),
    ).toBe(3 * KIB);
  });

  test("counts what is widened on demand only around its use", () => {
    const g = new GraphBuilder("g");
    const x = g.input("x", "float32", SHAPE);
    const widened = (name: string): Value => {
      const weight = g.external({
        location: name,
        dtype: "float16",
        shape: SHAPE,
        byteLength: 512,
        read: () => Promise.reject(new Error("unread")),
        readSync: () => new Uint8Array(512),
      });
      const [value] = g.node({
        path: name,
        opType: "Cast",
        inputs: [weight],
        outputs: [{ dtype: "float32", shape: SHAPE }],
        first: true,
      });
      return value;
    };
    let value: Value = x;
    for (let i = 0; i < 10; i++) value = add(g, "a", value, widened(`w${i}`));
    g.output("y", value);
    expect(g.build().workingBytes.tiledScores).toBe(4 * KIB); // x, the sum so far, one weight, the next sum
  });

  test("counts every part that is joined, and half of a half", () => {
    expect(
      widest((g, x) =>
        concat(
          g,
          "c",
          [1, 2, 3].map(() => cast(g, "h", add(g, "a", x, x), "float16")),
          0,
        ),
      ),
    ).toBe((1 + 3 * 0.5 + 3 * 0.5) * KIB);
  });

  test("counts whole score matrices only where kernels hold them", () => {
    const g = new GraphBuilder("g");
    const x = g.input("x", "float32", [1, 64, 32]);
    g.output("y", multiHeadAttention(g, "m", x, x, x, { heads: 4, causal: false }));
    const { tiledScores, wholeScores } = g.build().workingBytes;
    expect(tiledScores).toBe(2 * 64 * 32 * 4);
    expect(wholeScores - tiledScores).toBe(4 * 64 * 64 * 4);
  });
});
