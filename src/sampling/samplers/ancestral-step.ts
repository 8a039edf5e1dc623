// How an ancestral step divides into a deterministic part and fresh noise. Shared by the ancestral and SDE samplers.

export interface AncestralStep {
  /** Noise level the deterministic part goes down to. */
  readonly sigmaDown: number;
  /** Amount of fresh noise that brings it back up to the next sigma. */
  readonly sigmaUp: number;
}

/** eta 0 is deterministic, 1 replaces as much noise as the forward process would have added. */
export function ancestralStep(sigma: number, sigmaNext: number, eta: number): AncestralStep {
  const full = Math.sqrt((sigmaNext ** 2 * (sigma ** 2 - sigmaNext ** 2)) / sigma ** 2);
  const sigmaUp = Math.min(sigmaNext, eta * full);
  return { sigmaDown: Math.sqrt(sigmaNext ** 2 - sigmaUp ** 2), sigmaUp };
}
