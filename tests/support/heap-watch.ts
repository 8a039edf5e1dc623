// Samples the JavaScript heaps of a page and its workers over the DevTools protocol. Test support.

import type { Page } from "playwright-core";

export interface HeapPeak {
  /** Objects and array buffers, all threads together, in bytes. WebAssembly's own memory is not part of it. */
  readonly bytes: number;
  readonly samples: number;
  /** Threads that answered at least once: the page and its workers. */
  readonly threads: number;
}

interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize?: number;
}

const SAMPLE_MS = 100;
const GET_HEAP_USAGE = "Runtime.getHeapUsage";

/** Workers started from now on are watched too. The returned function ends the watch. */
export async function watchHeaps(page: Page): Promise<() => Promise<HeapPeak>> {
  const session = await page.context().newCDPSession(page);
  const answers = new Map<number, (usage: HeapUsage | undefined) => void>();
  /** How each thread is asked, by an id of its own; the page's is empty. */
  const threads = new Map<string, () => Promise<HeapUsage | undefined>>([
    ["", () => session.send(GET_HEAP_USAGE)],
  ]);
  // A thread that computes answers late; its last answer counts until then.
  const last = new Map<string, number>();
  const waiting = new Set<string>();
  const answered = new Set<string>();
  let nextId = 1;
  let peak = 0;
  let samples = 0;

  const askWorker = async (sessionId: string): Promise<HeapUsage | undefined> => {
    const id = nextId++;
    const answer = new Promise<HeapUsage | undefined>((resolve) => answers.set(id, resolve));
    const message = JSON.stringify({ id, method: GET_HEAP_USAGE });
    await session.send("Target.sendMessageToTarget", { sessionId, message });
    return answer;
  };
  session.on("Target.attachedToTarget", ({ sessionId }) => {
    threads.set(sessionId, () => askWorker(sessionId));
  });
  session.on("Target.detachedFromTarget", ({ sessionId }) => {
    threads.delete(sessionId);
    last.delete(sessionId);
  });
  session.on("Target.receivedMessageFromTarget", ({ message }) => {
    const { id, result } = JSON.parse(message) as { id?: number; result?: HeapUsage };
    if (id === undefined) return;
    answers.get(id)?.(result);
    answers.delete(id);
  });
  await session.send("Target.setAutoAttach", {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });

  const sample = async (thread: string, ask: () => Promise<HeapUsage | undefined>): Promise<void> => {
    const usage = await ask().catch(() => undefined); // the worker ended
    waiting.delete(thread);
    if (!usage || !threads.has(thread)) return;
    last.set(thread, usage.usedSize + (usage.backingStorageSize ?? 0));
    answered.add(thread);
    samples += 1;
    const together = [...last.values()].reduce((sum, bytes) => sum + bytes, 0);
    peak = Math.max(peak, together);
  };
  const timer = setInterval(() => {
    for (const [thread, ask] of threads) {
      if (waiting.has(thread)) continue;
      waiting.add(thread);
      void sample(thread, ask);
    }
  }, SAMPLE_MS);
  return async () => {
    clearInterval(timer);
    await session.detach();
    return { bytes: peak, samples, threads: answered.size };
  };
}
