// Which tabs of this browser are alive, told by Web Locks; without them (old browsers, Node) a tab is taken to be alone.

const TAB = "kiln-tab-";

export function lockManager(): LockManager | undefined {
  return (globalThis.navigator as Navigator | undefined)?.locks;
}

/** A sign of life of this tab that ends with it, however it ends. */
export interface TabPresence {
  readonly id: string;
  /** Ids of all tabs that are alive, this one included. */
  aliveIds(): Promise<ReadonlySet<string>>;
  /** Resolves when that tab has ended; rejects when the signal is aborted first. */
  whenGone(id: string, signal: AbortSignal): Promise<void>;
  dispose(): void;
}

export async function createTabPresence(id: string = crypto.randomUUID()): Promise<TabPresence> {
  const locks = lockManager();
  if (!locks) return loneTab(id);
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
    async whenGone(other, signal) {
      await locks.request(TAB + other, { signal }, () => undefined);
    },
    dispose: () => end(),
  };
}

function loneTab(id: string): TabPresence {
  return {
    id,
    aliveIds: () => Promise.resolve(new Set([id])),
    whenGone: () => Promise.resolve(),
    dispose: () => undefined,
  };
}
