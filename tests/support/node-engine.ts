// The real engine under Node: WASM kernels, the tiny random-weight checkpoint, an uncompressed PNG encoder. For tests only.

import { crc32, deflateSync, inflateSync } from "node:zlib";
import { KilnEngine, type EngineSurroundings } from "../../src/engine/engine.ts";
import type { RgbaPixels } from "../../src/imaging/pixels.ts";
import type { EngineEvent } from "../../src/protocol/engine-api.ts";
import { openTinyModel } from "./node-fixtures.ts";
import { loadNodeOrt } from "./node-runtime.ts";

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/** Node has no canvas. */
export function encodePngInNode({ width, height, pixels }: RgbaPixels): Promise<Uint8Array<ArrayBuffer>> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.concat([Buffer.of(0), Buffer.from(pixels.buffer, y * width * 4, width * 4)]),
  );
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Promise.resolve(new Uint8Array(Buffer.concat([signature, ...parts])));
}

/** Reads what encodePngInNode wrote, with whatever text chunks were put in since. */
export async function decodePngInNode(file: Blob): Promise<RgbaPixels> {
  const bytes = Buffer.from(await file.arrayBuffer());
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const start = bytes.indexOf("IDAT");
  const rows = inflateSync(bytes.subarray(start + 4, start + 4 + bytes.readUInt32BE(start - 4)));
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    const from = y * (4 * width + 1) + 1;
    pixels.set(rows.subarray(from, from + 4 * width), 4 * width * y);
  }
  return { width, height, pixels };
}

export interface NodeEngine {
  readonly engine: KilnEngine;
  readonly events: EngineEvent[];
}

/** A started engine that records its events. */
export async function startNodeEngine(changes: Partial<EngineSurroundings> = {}): Promise<NodeEngine> {
  const engine = new KilnEngine({
    openModel: openTinyModel,
    listModels: () => Promise.resolve([]),
    defaultTokenizer: () => Promise.reject(new Error("the fixture brings its tokenizer")),
    encodePng: encodePngInNode,
    decodePicture: decodePngInNode,
    version: "0.0.0-test",
    loadOrt: loadNodeOrt,
    ...changes,
  });
  const events: EngineEvent[] = [];
  await engine.subscribe((event) => {
    events.push(event);
  });
  await engine.start({ device: "wasm", baseUrl: "http://localhost/" });
  return { engine, events };
}
