// A picture to measure a VAE with, drawn by formulas: soft shapes in three colours, a sky, a disc and stripes. Test support.

import type { Planes } from "../../src/imaging/plane-tiles.ts";

/** Square, with values of -1 to 1. */
export function drawnPlanes(side: number): Planes {
  const data = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const sky = 0.8 - 1.4 * (y / side) * (channel === 2 ? 0.4 : 1);
        const distance = Math.hypot(x - 0.4 * side, y - 0.55 * side) / side;
        const disc = distance < 0.22 ? [0.7, -0.2, -0.6][channel] - sky : 0;
        const stripes = y > 0.8 * side ? 0.3 * Math.sign(Math.sin(x / 9)) : 0;
        data[(channel * side + y) * side + x] = Math.min(1, Math.max(-1, sky + disc + stripes));
      }
    }
  }
  return { channels: 3, width: side, height: side, data };
}
