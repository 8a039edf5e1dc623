// Between the pixels of networks (float32, channels first, -1..1) and of displays (RGBA bytes). Knows no file format.

export interface RgbaPixels {
  readonly width: number;
  readonly height: number;
  /** width * height * 4; not premultiplied where it is not opaque. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** [3, height, width] in -1..1 → RGBA, rounded to the nearest byte (A1111 truncates, diffusers rounds). */
export function pixelsToRgba(data: Float32Array, width: number, height: number): RgbaPixels {
  const area = width * height;
  if (data.length !== 3 * area) {
    throw new RangeError(`${3 * area} values expected for ${width}x${height} pixels, got ${data.length}`);
  }
  const pixels = new Uint8ClampedArray(4 * area);
  for (let i = 0; i < area; i++) {
    // A clamped array clamps and rounds on assignment.
    pixels[4 * i] = (data[i] + 1) * 127.5;
    pixels[4 * i + 1] = (data[area + i] + 1) * 127.5;
    pixels[4 * i + 2] = (data[2 * area + i] + 1) * 127.5;
    pixels[4 * i + 3] = 255;
  }
  return { width, height, pixels };
}

/** RGBA → [3, height, width] in -1..1; transparency is ignored. */
export function rgbaToPixels({ width, height, pixels }: RgbaPixels): Float32Array {
  const area = width * height;
  const data = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++)
      data[channel * area + i] = pixels[4 * i + channel] / 127.5 - 1;
  }
  return data;
}
