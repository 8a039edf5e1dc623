// What networks are trained to predict, as weights of a linear combination. Knows no network, guidance or timestep.

export type PredictionId = "epsilon" | "v" | "edm" | "flow";

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

// Standard deviation of the latents that networks of the next row were trained on.
const EDM_SIGMA_DATA = 0.5;

/** The network predicts what its preconditioning leaves: Karras et al. 2022, table 1. */
const edm: PredictionRow = {
  id: "edm",
  inputScale: (sigma) => 1 / Math.hypot(sigma, EDM_SIGMA_DATA),
  denoisedWeights(sigma) {
    const total = Math.hypot(sigma, EDM_SIGMA_DATA);
    return [(EDM_SIGMA_DATA / total) ** 2, (sigma * EDM_SIGMA_DATA) / total];
  },
  noisedWeights: (sigma) => [1, sigma],
};

/** Rectified flow: x = (1 - sigma) · clean + sigma · noise, and the network predicts noise - clean. */
const flow: PredictionRow = {
  id: "flow",
  inputScale: () => 1,
  denoisedWeights: (sigma) => [1, -sigma],
  noisedWeights: (sigma) => [1 - sigma, sigma],
};

export const predictions: Readonly<Record<PredictionId, PredictionRow>> = { epsilon, v, edm, flow };
