// Counts the bytes of a WebGPU device's buffers from their creation to their destruction. Counts what is asked for, not what a
// driver makes of it.

/** Sees every buffer made after it, whoever makes it. Stays in place as long as the device lives. */
export class BufferLedger {
  #bytes = 0;
  #peak = 0;

  constructor(device: GPUDevice) {
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      const buffer = create(descriptor);
      this.#bytes += buffer.size;
      this.#peak = Math.max(this.#peak, this.#bytes);
      const destroy = buffer.destroy.bind(buffer);
      let alive = true;
      buffer.destroy = () => {
        if (alive) this.#bytes -= buffer.size;
        alive = false;
        destroy();
      };
      return buffer;
    };
  }

  /** Alive now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Alive at once since the last reset. */
  get peakBytes(): number {
    return this.#peak;
  }

  resetPeak(): void {
    this.#peak = this.#bytes;
  }
}
