// Measures how much memory a piece of code asks for, objects and array buffers together. Test support, Node only.

/** What hostile input may cost beyond its own size: indices, error texts and garbage not yet collected. */
export const SMALL_CONSTANT_BYTES = 32 * 2 ** 20;

const inUse = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/**
 * Bytes allocated from here to the call of the returned function, less what the collector took meanwhile. Code that runs for
 * milliseconds is seldom collected in between, and what a length field of gigabytes would allocate stands out even then.
 */
export function watchAllocations(): () => number {
  const before = inUse();
  return () => inUse() - before;
}
