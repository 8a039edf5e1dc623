// Which files are models, by their names alone. What a file really is, its contents tell.

/** Also takes the extension off a name. */
export const MODEL_FILE = /\.(safetensors|ckpt|pt|pth|bin|onnx)$/i;

/** "unet/model" of "unet/model.safetensors.index.json", the file that names a checkpoint's shards. */
export function shardIndexStem(path: string): string | undefined {
  return /^(.+)\.safetensors\.index\.json$/.exec(path)?.[1];
}

/** "unet/model-00001-of-00002.safetensors" is one of "unet/model". */
export function isShardOf(stem: string, path: string): boolean {
  return path.startsWith(stem) && /^-\d{5}-of-\d{5}\.safetensors$/.test(path.slice(stem.length));
}
