// What a sampler is: the types every file of samplers/ is written against. Holds no algorithm.

/**
 * Arithmetic on latents wherever they live (a Float32Array, a GPU buffer). Samplers, prediction and guidance are linear
 * combinations with scalar weights, so this is all they need, and the latents never have to leave the device.
 */
export interface LatentMath<X> {
  /** Σ weightᵢ · xᵢ as new latents; all operands have one size. The samplers use six terms at most. */
  combine(...terms: readonly (readonly [weight: number, x: X])[]): X;
  /** Latents from values computed here (noise). */
  upload(values: Float32Array): X;
  /** The values, for a preview or a dump. */
  download(x: X): Promise<Float32Array>;
  /** Gives memory back early. Using `x` afterwards is a bug. Values never released are freed by the owner of the math. */
  release(x: X): void;
}

/**
 * The model's estimate of the clean latents, given latents at noise level sigma. The result is new latents that belong to
 * the sampler, which releases them when it needs them no more; x stays the sampler's.
 */
export type Denoise<X> = (x: X, sigma: number) => Promise<X>;

/** Noise for stochastic samplers: unit variance, for the step from sigma to sigmaNext. */
export type StepNoise = (sigma: number, sigmaNext: number) => Float32Array;

export interface SamplerStep<X> {
  /** 0-based. */
  readonly step: number;
  readonly sigma: number;
  /** Valid until the promise of onStep settles. */
  readonly denoised: X;
}

export interface SamplerRun<X> {
  readonly math: LatentMath<X>;
  readonly noise: StepNoise;
  /** Stochasticity of ancestral and SDE samplers (1) and of DDIM (0); undefined asks for the sampler's own default. */
  readonly eta?: number;
  /**
   * Where samplers that walk training timesteps (DDIM) end instead of 0: sigma of timestep 0. Others ignore it;
   * undefined ends at 0.
   */
  readonly finalSigma?: number;
  /** Called once per step, after its first model evaluation. Awaited; throwing ends the run. */
  onStep(step: SamplerStep<X>): void | Promise<void>;
}

/**
 * Walks `sigmas` (descending, ending in 0) from x at sigmas[0] to clean latents. Generic over where latents live.
 * Releases what it made itself and no longer needs, never the caller's x; the result is the caller's.
 */
export type Sampler = <X>(denoise: Denoise<X>, x: X, sigmas: Float32Array, run: SamplerRun<X>) => Promise<X>;
