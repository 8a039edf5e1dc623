// Prediction types by their definitions: the true network output for known clean latents and noise must give them back.

import { expect, test } from "vitest";
import { predictions } from "../../../src/sampling/prediction.ts";

const CLEAN = 0.7;
const NOISE = -1.3;

/** What a perfect network of each type would put out, from the papers' definitions. */
const PERFECT_OUTPUT = {
  epsilon: () => NOISE,
  v: (sigma: number) => (NOISE - sigma * CLEAN) / Math.sqrt(1 + sigma * sigma),
  // What is left of the clean latents when the input's share is taken away, over the output's.
  edm: (sigma: number) =>
    ((1 - 0.25 / (sigma ** 2 + 0.25)) * CLEAN - (0.25 / (sigma ** 2 + 0.25)) * sigma * NOISE) /
    ((0.5 * sigma) / Math.sqrt(sigma ** 2 + 0.25)),
  flow: () => NOISE - CLEAN,
};

test.each(Object.values(predictions))("$id finds the clean latents from a perfect output", (row) => {
  for (const sigma of [0.03, 0.5, 0.99]) {
    const [ofClean, ofNoise] = row.noisedWeights(sigma);
    const x = ofClean * CLEAN + ofNoise * NOISE;
    const [ofX, ofOutput] = row.denoisedWeights(sigma);
    expect(ofX * x + ofOutput * PERFECT_OUTPUT[row.id](sigma)).toBeCloseTo(CLEAN, 10);
  }
});

test.each([predictions.epsilon, predictions.v])("$id shows the network unit variance", (row) => {
  for (const sigma of [0.03, 1, 14.6]) {
    const [ofClean, ofNoise] = row.noisedWeights(sigma);
    expect(row.inputScale(sigma) * Math.hypot(ofClean, ofNoise)).toBeCloseTo(1, 12);
  }
});

test.each([
  [0.002, [2.9999762, -3.9999681], [1.500576, -1.9985681]],
  [1, [1.3416407, -1.7888544], [0.4341641, -0.0869505]],
  [80, [0.0187496, -0.0249995], [0.1500557, 0.349915]],
])("edm scales as diffusers' EDM scheduler does at sigma %f", (sigma, scaled, denoised) => {
  const [x, output] = [
    [1.5, -2],
    [0.3, 0.7],
  ];
  const [ofX, ofOutput] = predictions.edm.denoisedWeights(sigma);
  for (const i of [0, 1]) {
    expect(predictions.edm.inputScale(sigma) * x[i]).toBeCloseTo(scaled[i], 6);
    expect(ofX * x[i] + ofOutput * output[i]).toBeCloseTo(denoised[i], 6);
  }
});
