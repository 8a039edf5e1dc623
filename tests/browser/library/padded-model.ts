// Makes a valid model file of any size from a small one, by a tensor that no graph uses. Test support.

interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The model with `paddingBytes` more at its end. The padding repeats, so it costs little memory. */
export async function withPadding(model: Blob, paddingBytes: number): Promise<Blob> {
  const headerLength = Number(new DataView(await model.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  const header = JSON.parse(await model.slice(8, 8 + headerLength).text()) as Record<string, TensorEntry>;
  const dataBytes = model.size - 8 - headerLength;
  const padded = {
    ...header,
    padding: { dtype: "U8", shape: [paddingBytes], data_offsets: [dataBytes, dataBytes + paddingBytes] },
  };
  const json = new TextEncoder().encode(JSON.stringify(padded));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(json.length), true);
  const chunk = new Blob([new Uint8Array(1024 * 1024)]);
  const chunks = Array.from({ length: Math.ceil(paddingBytes / chunk.size) }, (_, i) =>
    chunk.slice(0, paddingBytes - i * chunk.size),
  );
  return new Blob([length.buffer, json, model.slice(8 + headerLength), ...chunks]);
}
