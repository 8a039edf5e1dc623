// What tabs of one browser must agree on: who is writing, and which tabs are alive. Built on Web Locks; without them
// (old browsers, Node) a tab behaves as if it were alone.

const WRITING = "kiln-gallery-writing";
const TAB = "kiln-tab-";

function lockManager(): LockManager | undefined {
  return (globalThis.navigator as Navigator | undefined)?.locks;
}

/** Runs `write` while no tab tidies up. */
export async function whileWriting<T>(write: () => Promise<T>): Promise<T> {
  const locks = lockManager();
  return locks ? await locks.request(WRITING, { mode: "shared" }, write) : await write();
}

/** Runs `tidy` only if no tab is writing right now; otherwise does nothing. */
export async function whenNobodyWrites(tidy: () => Promise<void>): Promise<void> {
  const locks = lockManager();
  if (!locks) return await tidy();
  await locks.request(WRITING, { ifAvailable: true }, async (lock) => {
    if (lock) await tidy();
  });
}

/** A sign of life of this tab that ends with it, however it ends. */
export interface TabPresence {
  readonly id: string;
  /** Ids of all tabs that are alive, this one included. */
  aliveIds(): Promise<ReadonlySet<string>>;
  dispose(): void;
}

export async function createTabPresence(id: string = crypto.randomUUID()): Promise<TabPresence> {
  const locks = lockManager();
  if (!locks) return { id, aliveIds: () => Promise.resolve(new Set([id])), dispose: () => undefined };
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  await new Promise<void>((held, refused) => {
    locks
      .request(TAB + id, () => {
        held();
        return ended;
      })
      .catch(refused);
  });
  return {
    id,
    async aliveIds() {
      const names = ((await locks.query()).held ?? []).map((lock) => lock.name ?? "");
      return new Set(names.filter((name) => name.startsWith(TAB)).map((name) => name.slice(TAB.length)));
    },
    dispose: () => end(),
  };
}
