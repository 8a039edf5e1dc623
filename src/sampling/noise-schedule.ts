// The noise schedule that a diffusion model was trained on: its table of sigmas and the way between sigma and timestep.
// Not a sampling schedule: those (schedules.ts) choose which of these noise levels a run visits.

export interface NoiseSchedule {
  /** sigma of each training timestep, ascending; evenly spread samples where training knew no steps. */
  readonly sigmas: Float32Array;
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /**
   * What the network is told of a sigma. In discrete schedules the fractional timestep, by interpolation of log sigma (as
   * k-diffusion and A1111; ComfyUI rounds).
   */
  sigmaToTimestep(sigma: number): number;
  timestepToSigma(timestep: number): number;
}

export interface DiscreteNoiseOptions {
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly steps: number;
  /** Rescales so that the last timestep is (almost) pure noise: Lin et al. 2023, algorithm 1. */
  readonly zeroTerminalSnr: boolean;
}

/** Stable Diffusion 1.x, 2.x and XL were trained on this schedule. */
export const STABLE_DIFFUSION_NOISE: DiscreteNoiseOptions = {
  betaStart: 0.00085,
  betaEnd: 0.012,
  steps: 1000,
  zeroTerminalSnr: false,
};

// An exact zero would make sigma infinite; other implementations settled on this value.
const TERMINAL_ALPHA = 4.8973451890853435e-8;

/** Cumulative product of alphas for "scaled linear" betas: linear in the square root of beta. */
function cumulativeAlphas({ betaStart, betaEnd, steps }: DiscreteNoiseOptions): Float64Array {
  const alphas = new Float64Array(steps);
  const first = Math.sqrt(betaStart);
  const last = Math.sqrt(betaEnd);
  let product = 1;
  for (let t = 0; t < steps; t++) {
    const root = steps === 1 ? first : first + ((last - first) * t) / (steps - 1);
    product *= 1 - root * root;
    alphas[t] = product;
  }
  return alphas;
}

function rescaleToZeroTerminalSnr(alphas: Float64Array): void {
  const first = Math.sqrt(alphas[0]);
  const last = Math.sqrt(alphas[alphas.length - 1]);
  for (let t = 0; t < alphas.length; t++) {
    alphas[t] = (((Math.sqrt(alphas[t]) - last) * first) / (first - last)) ** 2;
  }
  alphas[alphas.length - 1] = TERMINAL_ALPHA;
}

export function discreteNoiseSchedule(options: DiscreteNoiseOptions): NoiseSchedule {
  const alphas = cumulativeAlphas(options);
  if (options.zeroTerminalSnr) rescaleToZeroTerminalSnr(alphas);
  const sigmas = Float32Array.from(alphas, (alpha) => Math.sqrt((1 - alpha) / alpha));
  const logSigmas = Float64Array.from(sigmas, Math.log);
  const last = sigmas.length - 1;

  return {
    sigmas,
    sigmaMin: sigmas[0],
    sigmaMax: sigmas[last],
    sigmaToTimestep(sigma) {
      const logSigma = Math.log(sigma);
      if (!(logSigma > logSigmas[0])) return 0;
      if (logSigma >= logSigmas[last]) return last;
      let low = 0;
      let high = last;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (logSigmas[middle] <= logSigma) low = middle;
        else high = middle;
      }
      return low + (logSigma - logSigmas[low]) / (logSigmas[high] - logSigmas[low]);
    },
    timestepToSigma(timestep) {
      const clamped = Math.min(Math.max(timestep, 0), last);
      const low = Math.floor(clamped);
      if (low === clamped) return sigmas[low];
      const weight = clamped - low;
      return Math.exp((1 - weight) * logSigmas[low] + weight * logSigmas[low + 1]);
    },
  };
}

export interface ContinuousNoiseOptions {
  readonly sigmaMin: number;
  readonly sigmaMax: number;
}

const CONTINUOUS_SAMPLES = 1000;

/** Any sigma of the range; the network is told log(sigma) / 4: Karras et al. 2022, table 1. */
export function continuousNoiseSchedule({ sigmaMin, sigmaMax }: ContinuousNoiseOptions): NoiseSchedule {
  const [low, high] = [Math.log(sigmaMin), Math.log(sigmaMax)];
  const sigmas = Float32Array.from({ length: CONTINUOUS_SAMPLES }, (_, i) =>
    Math.exp(low + ((high - low) * i) / (CONTINUOUS_SAMPLES - 1)),
  );
  return {
    sigmas,
    sigmaMin,
    sigmaMax,
    sigmaToTimestep: (sigma) => Math.log(Math.min(Math.max(sigma, sigmaMin), sigmaMax)) / 4,
    timestepToSigma: (timestep) => Math.min(Math.max(Math.exp(4 * timestep), sigmaMin), sigmaMax),
  };
}

export type NoiseOptions =
  | ({ readonly kind: "scaled-linear" } & DiscreteNoiseOptions)
  | ({ readonly kind: "continuous" } & ContinuousNoiseOptions);

export function noiseScheduleOf(options: NoiseOptions): NoiseSchedule {
  switch (options.kind) {
    case "scaled-linear":
      return discreteNoiseSchedule(options);
    case "continuous":
      return continuousNoiseSchedule(options);
    default:
      return options satisfies never;
  }
}
