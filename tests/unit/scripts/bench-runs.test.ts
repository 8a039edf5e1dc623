// Pictures of whole runs are told from PyTorch's by three figures.

import { expect, test } from "vitest";
import { runErrors } from "../../../scripts/bench-runs.ts";

const EXPECTED = {
  conditioning: Float32Array.of(3, 4),
  latents: Float32Array.of(1, 0),
  image: Float32Array.of(0.5, 0.5),
};

test("conditioning and latents by their relative errors, the picture by its signal to noise", () => {
  const errors = runErrors(
    {
      conditioning: Float32Array.of(3, 9),
      latents: Float32Array.of(1, 0.25),
      image: Float32Array.of(0.6, 0.4),
    },
    EXPECTED,
  );
  expect(errors).toMatchObject({ conditioningError: 1, latentsError: 0.25 });
  expect(errors.psnr).toBeCloseTo(20, 4);
});

test("what is missing or of another size is named", () => {
  expect(() => runErrors({ ...EXPECTED, latents: Float32Array.of(1) }, EXPECTED)).toThrow(
    "latents: expected 2 values as PyTorch has, got 1",
  );
  expect(() => runErrors({ conditioning: EXPECTED.conditioning }, EXPECTED)).toThrow(/latents: .* got 0/);
});
