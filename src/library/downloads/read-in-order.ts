// The bytes of one answer in order, helped by further requests for what comes later where that is faster. Writes nothing.

import { BufferPool, type ChunkReader, openChunkReader } from "./chunk-reader.ts";
import { LanePace } from "./lane-pace.ts";

// What lies ahead waits in memory, so this times the lanes is what a download may take of it. Smaller pieces would cost more
// requests than hosts like.
const SEGMENT_BYTES = 8 * 1024 * 1024;

export interface OrderedBody {
  /** Its body begins at `start` of the file. */
  readonly response: Response;
  readonly start: number;
  /** Of the whole file; without it there is one lane only. */
  readonly total?: number;
  /** Body of the bytes [start, end) of the same file; rejects for anything else. Absent: one lane only. */
  readonly openRange?: (start: number, end: number, signal: AbortSignal) => Promise<Response>;
  readonly segmentBytes?: number;
  readonly pace?: Pick<LanePace, "measure" | "giveUp">;
}

// Must give every byte once and in order, whatever the lanes do.
// Must go on with one lane when others fail; only the failure of the one at the front is the caller's.
// A chunk is good until the next one is asked for: its buffer is filled again then.
export async function* readInOrder(body: OrderedBody): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { start, total = Infinity, openRange, segmentBytes = SEGMENT_BYTES } = body;
  const pace = body.pace ?? new LanePace(performance.now());
  const ended = new AbortController();
  const shared: Shared = { pool: new BufferPool(), received: 0 };
  let front = new Lane(Promise.resolve(body.response), start, total, shared);
  const ahead: Lane[] = [];
  let position = start;
  try {
    for (;;) {
      const chunk = await front.next();
      if (chunk) {
        position += chunk.byteLength;
        yield chunk;
      } else if (!openRange || position >= total || position < front.end) return;
      else if (ahead.length === 0 || (await ahead[0].accepted())) {
        front.cancel();
        front = ahead.shift() ?? new Lane(openRange(position, total, ended.signal), position, total, shared);
      } else if (front.limit > position) dropAhead(0);
      else {
        dropAhead(0);
        front = new Lane(openRange(position, total, ended.signal), position, total, shared);
      }
      if (!openRange || total === Infinity) continue;
      const broken = ahead.findIndex((lane) => lane.failed);
      if (broken >= 0) dropAhead(broken);
      const lanes = pace.measure(performance.now(), shared.received);
      if (lanes > 1 && front.end === total) front.end = Math.min(total, position + segmentBytes);
      extendAhead(lanes - 1);
    }
  } finally {
    ended.abort();
    for (const lane of [front, ...ahead]) lane.cancel();
  }

  /** Without lanes ahead the front goes on as far as it was asked for. */
  function dropAhead(from: number): void {
    pace.giveUp();
    for (const lane of ahead.splice(from)) lane.cancel();
    if (ahead.length === 0) front.end = front.limit;
  }

  function extendAhead(wanted: number): void {
    for (let from = (ahead.at(-1) ?? front).end; ahead.length < wanted && from < total;) {
      const end = Math.min(total, from + segmentBytes);
      const lane = new Lane(openRange!(from, end, ended.signal), from, end, shared);
      void lane.readAhead();
      ahead.push(lane);
      from = end;
    }
  }
}

/** What all lanes of one file have together. */
interface Shared {
  readonly pool: BufferPool;
  received: number;
}

/** One body and the piece of the file it is good for. Read on demand, or ahead into memory. */
class Lane {
  /** May be lowered to any place that was not given out yet, and raised again up to `limit`. */
  end: number;
  /** As far as the body goes. */
  readonly limit: number;
  failed = false;
  readonly #reader: Promise<ChunkReader | undefined>;
  readonly #shared: Shared;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #position: number;
  /** What was given out last. */
  #lent: Uint8Array<ArrayBuffer> | undefined;
  #readingAhead = false;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(answer: Promise<Response>, start: number, end: number, shared: Shared) {
    this.end = end;
    this.limit = end;
    this.#position = start;
    this.#shared = shared;
    this.#reader = answer.then(({ body }) => (body ? openChunkReader(body, shared.pool) : undefined));
    // Told by `next` or `failed`; nobody else waits for it.
    this.#reader.catch(() => undefined);
  }

  /** Whether the host answered as asked. */
  accepted(): Promise<boolean> {
    return this.#reader.then(
      () => true,
      () => false,
    );
  }

  /** Fills memory with the whole piece; `next` then gives what has arrived. */
  async readAhead(): Promise<void> {
    this.#readingAhead = true;
    try {
      for (let chunk = await this.#read(true); chunk; chunk = await this.#read(true)) {
        this.#chunks.push(chunk);
        this.#wake();
      }
      if (this.#position < this.end) throw new TypeError("A part of the file ended early.");
    } catch (error) {
      this.failed = true;
      this.#failure = error;
    }
    this.#readingAhead = false;
    this.#wake();
  }

  /** The next bytes below `end`; undefined after the last. */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#lent) this.#shared.pool.give(this.#lent.buffer);
    this.#lent = undefined;
    while (this.#readingAhead && this.#chunks.length === 0) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#lent = this.#chunks.shift();
    if (this.#lent) return this.#lent;
    if (this.failed) throw this.#failure;
    this.#lent = await this.#read(false);
    return this.#lent;
  }

  /** Ends the connection; what has arrived can still be had. */
  cancel(): void {
    void this.#reader.then((reader) => reader?.cancel()).catch(() => undefined);
  }

  async #read(whole: boolean): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#position >= this.end) return undefined;
    const chunk = await (await this.#reader)?.read(this.end - this.#position, whole);
    this.#position += chunk?.byteLength ?? 0;
    this.#shared.received += chunk?.byteLength ?? 0;
    return chunk;
  }
}
