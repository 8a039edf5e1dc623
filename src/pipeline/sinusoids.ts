// Numbers as the sinusoids that networks are conditioned on: sizes for SDXL, the guidance scale for latent consistency models.
// The timestep's own sinusoids are part of the UNet's graph.

const MAX_PERIOD = 10_000;
// Guidance scales are small numbers; LCM was trained on a thousand times as much.
const GUIDANCE_FACTOR = 1000;

// The networks were trained on float32 arithmetic, whose rounding shows in the angles of large numbers.
const { fround } = Math;

/** 1 and downwards in equal ratios; the one `steps` further on would be 1 / MAX_PERIOD. */
const frequency = (index: number, steps: number): number =>
  fround(Math.exp(fround(fround(-Math.log(MAX_PERIOD) / steps) * index)));

/** `width` / 2 cosines, then as many sines, of frequencies from 1 down to (not including) 1 / MAX_PERIOD. */
export function sizeSinusoids(value: number, width: number): Float32Array {
  const half = width / 2;
  return Float32Array.from({ length: width }, (_, i) => {
    const angle = fround(value * frequency(i % half, half));
    return i < half ? Math.cos(angle) : Math.sin(angle);
  });
}

/** Sines, then cosines, of frequencies from 1 down to 1 / MAX_PERIOD: Luo et al. 2023, as published with LCM. */
export function guidanceSinusoids(guidanceScale: number, width: number): Float32Array {
  const half = Math.floor(width / 2);
  const value = fround(fround(guidanceScale - 1) * GUIDANCE_FACTOR);
  return Float32Array.from({ length: width }, (_, i) => {
    if (i >= 2 * half) return 0; // an odd width ends in a zero
    const angle = fround(value * frequency(i % half, Math.max(half - 1, 1)));
    return i < half ? Math.sin(angle) : Math.cos(angle);
  });
}
