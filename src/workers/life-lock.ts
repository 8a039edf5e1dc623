// Makes a worker's death visible: it holds a lock named like itself for as long as it lives. Sends no heartbeats.

/**
 * The browser frees the lock when the worker ends, however it ends; client/worker-host.ts waits for that. A worker that is
 * busy for minutes keeps the lock, so nothing has to answer in time.
 */
export function holdLifeLock(): void {
  void navigator.locks.request(self.name, () => new Promise<never>(() => undefined));
}
