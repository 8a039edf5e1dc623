// Lets a busy worker read its mail. Not a delay.

/**
 * Resolves after the messages that already wait were delivered. The CPU kernels never return to the event loop, so without
 * this "interrupt" would be heard only when the job is over. A timer would be clamped to 4 ms.
 */
export function yieldToMessages(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
