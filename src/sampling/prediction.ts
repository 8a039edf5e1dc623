// What networks are trained to predict, as weights of a linear combination. Knows no network, guidance or timestep.

export type PredictionId = "epsilon" | "v" | "flow";

export interface PredictionRow {
  readonly id: PredictionId;
  /** The network sees inputScale(sigma) · x. */
  inputScale(sigma: number): number;
  /** denoised = weights[0] · x + weights[1] · output, with x as the sampler holds it (not scaled). */
  denoisedWeights(sigma: number): readonly [x: number, output: number];
  /** Latents at noise level sigma = weights[0] · clean latents + weights[1] · unit noise. */
  noisedWeights(sigma: number): readonly [latents: number, noise: number];
}

// Latents are kept as x = clean + sigma · noise; networks of the first two rows expect unit variance.
const unitVariance = (sigma: number): number => 1 / Math.sqrt(1 + sigma * sigma);

/** The network predicts the noise. */
const epsilon: PredictionRow = {
  id: "epsilon",
  inputScale: unitVariance,
  denoisedWeights: (sigma) => [1, -sigma],
  noisedWeights: (sigma) => [1, sigma],
};

/** The network predicts v = alpha · noise - sigma · clean (Salimans and Ho 2022). */
const v: PredictionRow = {
  id: "v",
  inputScale: unitVariance,
  denoisedWeights: (sigma) => [1 / (1 + sigma * sigma), -sigma * unitVariance(sigma)],
  noisedWeights: (sigma) => [1, sigma],
};

/** Rectified flow: x = (1 - sigma) · clean + sigma · noise, and the network predicts noise - clean. */
const flow: PredictionRow = {
  id: "flow",
  inputScale: () => 1,
  denoisedWeights: (sigma) => [1, -sigma],
  noisedWeights: (sigma) => [1 - sigma, sigma],
};

export const predictions: Readonly<Record<PredictionId, PredictionRow>> = { epsilon, v, flow };
