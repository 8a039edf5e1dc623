// Lets any number of writers work at once and tidying run only when there are none, across all tabs and workers.
// Takes the browser's lock manager as an argument; without one (Node, old browsers) a caller is taken to be alone.

export type Locks = LockManager | undefined;

/** Runs `write` while nobody tidies under the same name. */
export async function whileWriting<T>(locks: Locks, name: string, write: () => Promise<T>): Promise<T> {
  return locks ? await locks.request(name, { mode: "shared" }, write) : await write();
}

/** Runs `tidy` only if nobody is writing under the same name right now; otherwise does nothing. */
export async function whenNobodyWrites(locks: Locks, name: string, tidy: () => Promise<void>): Promise<void> {
  if (!locks) return await tidy();
  await locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock) await tidy();
  });
}
