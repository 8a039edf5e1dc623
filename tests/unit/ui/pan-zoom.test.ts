// The arithmetic of zooming: the point under the pointer stays, and nothing gets smaller than the stage.

import { expect, test } from "vitest";
import { zoomAt } from "../../../src/ui/controllers/pan-zoom.ts";

test("zoomAt() keeps the point under the pointer in its place", () => {
  const view = { scale: 2, x: 30, y: -10 };
  const at = { x: 80, y: 40 };
  const zoomed = zoomAt(view, 1.5, at);
  const under = (v: typeof view): readonly number[] => [(at.x - v.x) / v.scale, (at.y - v.y) / v.scale];
  expect(zoomed.scale).toBe(3);
  expect(under(zoomed)).toEqual(under(view));
});

test("zoomAt() ends at fit, centred, and at a limit", () => {
  expect(zoomAt({ scale: 1.2, x: 9, y: 9 }, 0.1, { x: 5, y: 5 })).toEqual({ scale: 1, x: 0, y: 0 });
  expect(zoomAt({ scale: 10, x: 0, y: 0 }, 100, { x: 0, y: 0 }).scale).toBe(12);
});
