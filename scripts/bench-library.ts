// `npm run bench:library`: measures downloads and the library in headless Chromium against a host on this machine, and prints
// the tables of docs/benchmarks.md (`--write` puts them there). The host takes its share of the processor, so compare rows.

import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type CDPSession, chromium, type Page } from "playwright-core";
import { build, preview } from "vite";
import { startModelHost } from "../tests/support/model-host.ts";
import { CHROMIUM_ARGS, ensureChromium } from "./chromium.ts";

const TABLE_START = "<!-- bench-library:start -->";
const TABLE_END = "<!-- bench-library:end -->";
const MEGABYTE = 2 ** 20;
const ROOT = join(import.meta.dirname, "..");
const PAGE = "tests/support/library-bench.html";

const { values } = parseArgs({
  options: {
    /** Size of the file that speeds are measured with. */
    megabytes: { type: "string", default: "512" },
    /** Size of the file that memory is measured with. */
    large: { type: "string", default: "2048" },
    runs: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
  },
});
const [megabytes, large, runs] = [values.megabytes, values.large, values.runs].map(Number);

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** `sha256sum` over a file of random bytes in the disk's cache: MB/s. */
function nativeHashSpeed(): number {
  const folder = mkdtempSync(join(tmpdir(), "kiln-bench-"));
  try {
    const path = join(folder, "file");
    const file = openSync(path, "w");
    const block = randomBytes(MEGABYTE);
    for (let i = 0; i < megabytes; i++) writeSync(file, block);
    const times = Array.from({ length: runs + 1 }, () => {
      const started = performance.now();
      execFileSync("sha256sum", [path]);
      return (performance.now() - started) / 1000;
    });
    return megabytes / median(times.slice(1));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** SHA-256 by Node, without a disk: what this machine can do in one thread. MB/s. */
function nodeHashSpeed(): number {
  const block = randomBytes(MEGABYTE);
  const started = performance.now();
  const hash = createHash("sha256");
  for (let i = 0; i < megabytes; i++) hash.update(block);
  hash.digest();
  return megabytes / ((performance.now() - started) / 1000);
}

/** The largest heap seen, with buffers, over the page and all its workers. */
class HeapWatch {
  readonly #session: CDPSession;
  readonly #pending = new Map<number, (bytes: number) => void>();
  readonly #workers = new Set<string>();
  #id = 0;
  peak = 0;

  private constructor(session: CDPSession) {
    this.#session = session;
    session.on("Target.attachedToTarget", ({ sessionId }) => this.#workers.add(sessionId));
    session.on("Target.detachedFromTarget", ({ sessionId }) => this.#workers.delete(sessionId));
    session.on("Target.receivedMessageFromTarget", ({ message }) => {
      const { id, result } = JSON.parse(message) as { id: number; result?: HeapUsage };
      this.#pending.get(id)?.(result ? heapBytes(result) : 0);
      this.#pending.delete(id);
    });
  }

  static async open(page: Page): Promise<HeapWatch> {
    const session = await page.context().newCDPSession(page);
    const watch = new HeapWatch(session);
    await session.send("Target.setAutoAttach", {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
    });
    return watch;
  }

  /** Looks while `work` goes on. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.peak = 0;
    let going = true;
    const ended = work.finally(() => (going = false));
    while (going) {
      this.peak = Math.max(this.peak, await this.#now());
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 200)), ended.catch(() => undefined)]);
    }
    return await ended;
  }

  async #now(): Promise<number> {
    const page = heapBytes(await this.#session.send("Runtime.getHeapUsage"));
    const workers = await Promise.all([...this.#workers].map((sessionId) => this.#ofWorker(sessionId)));
    return workers.reduce((sum, bytes) => sum + bytes, page);
  }

  #ofWorker(sessionId: string): Promise<number> {
    const id = ++this.#id;
    const message = JSON.stringify({ id, method: "Runtime.getHeapUsage" });
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      this.#session.send("Target.sendMessageToTarget", { sessionId, message }).catch(() => resolve(0));
    });
  }
}

interface HeapUsage {
  readonly usedSize: number;
  /** Buffers, which are not part of the heap proper. */
  readonly backingStorageSize?: number;
}
const heapBytes = ({ usedSize, backingStorageSize = 0 }: HeapUsage): number => usedSize + backingStorageSize;

/** The page as the app is built: modules of a development server would count as heap. */
async function serveBuiltPage(outDir: string): Promise<Awaited<ReturnType<typeof preview>>> {
  const common = { root: ROOT, configFile: false, logLevel: "error" } as const;
  await build({
    ...common,
    publicDir: join(ROOT, "tests/fixtures/library/whole"),
    worker: { format: "es" },
    build: { target: "es2023", outDir, rollupOptions: { input: join(ROOT, PAGE) } },
  });
  return await preview({ ...common, build: { outDir }, preview: { port: 0 } });
}

const host = await startModelHost();
const scratch = mkdtempSync(join(tmpdir(), "kiln-bench-"));
const profile = join(scratch, "profile");
const server = await serveBuiltPage(join(scratch, "page"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: ensureChromium(),
  args: [...CHROMIUM_ARGS],
});
try {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`page: ${error.message}`));
  await page.goto(`${server.resolvedUrls!.local[0]}${PAGE}`);
  await page.waitForFunction(() => "kilnLibraryBench" in window);
  await page.evaluate(() => window.kilnLibraryBench.open());

  const offer = (size: number): string => {
    const path = `/bench-${size}.safetensors`;
    const content = { kind: "repeated", bytes: size * MEGABYTE, seed: 1 } as const;
    host.put(path, { content, cors: "exposed", etag: `"${size}"` });
    return host.url + path;
  };
  const url = offer(megabytes);
  type Work = "transfer" | "store" | "download";
  const seconds: Record<Work, number[]> = { transfer: [], store: [], download: [] };
  const hashSeconds: number[] = [];
  // One round more than counted: the first warms everything up. Interleaved, so that a busy minute hits all alike.
  for (let run = 0; run <= runs; run++) {
    for (const work of Object.keys(seconds) as Work[]) {
      const took = await page.evaluate(([name, at]) => window.kilnLibraryBench[name](at), [
        work,
        url,
      ] as const);
      if (run > 0) seconds[work].push(took);
    }
    const hashed = await page.evaluate(() => window.kilnLibraryBench.hashes());
    if (run > 0) hashSeconds.push(hashed);
    await page.evaluate(() => window.kilnLibraryBench.removeAll());
    console.error(`round ${run} of ${runs}`);
  }
  const speed = (work: Work): number => megabytes / median(seconds[work]);
  const hashSpeed = megabytes / median(hashSeconds);
  const native = nativeHashSpeed();

  const heap = await HeapWatch.open(page);
  const largeSeconds = await heap.during(
    page.evaluate((at) => window.kilnLibraryBench.download(at), offer(large)),
  );
  await page.evaluate(() => window.kilnLibraryBench.removeAll());

  await page.evaluate(() => window.kilnLibraryBench.addRecords(2000));
  const starts: number[] = [];
  let models = 0;
  for (let run = 0; run <= runs; run++) {
    const start = await page.evaluate(() => window.kilnLibraryBench.startUp());
    if (run > 0) starts.push(start.milliseconds);
    models = start.models;
  }

  const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;
  const machine = `${cpus()[0]?.model.trim()} x ${cpus().length}, Chrome/${context.browser()?.version() ?? (await page.evaluate(() => navigator.userAgent.match(/Chrome\/(\d+)/)?.[1]))}`;
  const table = [
    `${machine}; host, page and disk share the machine; a file of ${megabytes} MiB, median of ${runs} runs.`,
    "",
    "| work | as a share |",
    "| --- | --- |",
    `| transfer and write, no hash | ${share(speed("store"), speed("transfer"))} of the transfer alone, which keeps nothing |`,
    `| **download: transfer, hash, write, prove, recognise** | ${share(speed("download"), speed("transfer"))} of the transfer alone, ${share(speed("download"), speed("store"))} of the one without a hash |`,
    `| all six kinds of hashes of the stored file, one pass | ${share(hashSpeed, native)} of \`sha256sum\` (SHA-256 alone, native) |`,
    `| SHA-256 in Node, one thread, no disk | ${share(nodeHashSpeed(), native)} of \`sha256sum\` |`,
    "",
    "| memory and start | figure |",
    "| --- | --- |",
    `| peak JS heap with buffers, page and workers, during a download of ${large} MiB | ${(heap.peak / MEGABYTE).toFixed(0)} MiB |`,
    `| that download's speed | ${share(large / largeSeconds, speed("transfer"))} of the transfer alone |`,
    `| start of the library's worker to a list of ${models} models | ${median(starts).toFixed(0)} ms |`,
  ].join("\n");
  console.log(table);
  if (values.write) {
    const file = join(ROOT, "docs/benchmarks.md");
    const text = readFileSync(file, "utf8");
    const [start, end] = [text.indexOf(TABLE_START), text.indexOf(TABLE_END)];
    if (start < 0 || end < start)
      throw new Error(`docs/benchmarks.md: expected ${TABLE_START} ... ${TABLE_END}`);
    writeFileSync(file, `${text.slice(0, start + TABLE_START.length)}\n\n${table}\n\n${text.slice(end)}`);
  }
} finally {
  await context.close();
  await server.close();
  await host.close();
  rmSync(scratch, { recursive: true, force: true });
}
