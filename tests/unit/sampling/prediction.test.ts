// Prediction types by their definitions: the true network output for known clean latents and noise must give them back.

import { expect, test } from "vitest";
import { predictions } from "../../../src/sampling/prediction.ts";

const CLEAN = 0.7;
const NOISE = -1.3;

/** What a perfect network of each type would put out, from the papers' definitions. */
const PERFECT_OUTPUT = {
  epsilon: () => NOISE,
  v: (sigma: number) => (NOISE - sigma * CLEAN) / Math.sqrt(1 + sigma * sigma),
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
