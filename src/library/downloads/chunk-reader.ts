// The chunks of one response body, in buffers that are used again where the browser can fill them. Knows no places in the file.

// A download of gigabytes would else leave as much to the garbage collector, which lets a hundred megabytes pile up.
const BUFFER_BYTES = 512 * 1024;

type Chunk = Uint8Array<ArrayBuffer>;

/** Buffers that are free; those of a body that was given up are left to the garbage collector. */
export class BufferPool {
  readonly #free: ArrayBuffer[] = [];

  take(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(BUFFER_BYTES);
  }

  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength === BUFFER_BYTES) this.#free.push(buffer);
  }
}

export interface ChunkReader {
  /** At most `limit` bytes; `whole` waits for as many as a buffer takes. undefined at the end. */
  read(limit: number, whole: boolean): Promise<Chunk | undefined>;
  cancel(): Promise<void>;
}

export function openChunkReader(body: ReadableStream<Chunk>, pool: BufferPool): ChunkReader {
  const byob = openByob(body);
  return byob ? filling(byob, pool) : handedOver(body.getReader());
}

/** undefined for streams that are not of bytes: not every browser's bodies are. */
function openByob(body: ReadableStream<Chunk>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

function filling(reader: ReadableStreamBYOBReader, pool: BufferPool): ChunkReader {
  return {
    // Each read takes the buffer away and gives another object with the same bytes back.
    async read(limit, whole) {
      let buffer = pool.take();
      const wanted = Math.min(limit, buffer.byteLength);
      let filled = 0;
      do {
        const { value, done } = await reader.read(new Uint8Array(buffer, filled, wanted - filled));
        if (value) buffer = value.buffer;
        if (done) break;
        filled += value.byteLength;
      } while (whole && filled < wanted);
      if (filled > 0) return new Uint8Array(buffer, 0, filled);
      pool.give(buffer);
      return undefined;
    },
    cancel: () => reader.cancel(),
  };
}

function handedOver(reader: ReadableStreamDefaultReader<Chunk>): ChunkReader {
  let rest: Chunk | undefined;
  return {
    async read(limit) {
      const value = rest ?? (await reader.read()).value;
      rest = value && value.byteLength > limit ? value.subarray(limit) : undefined;
      return value?.subarray(0, limit);
    },
    cancel: () => reader.cancel(),
  };
}
