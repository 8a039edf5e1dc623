// Which files are models, by their names alone. What a file really is, its contents tell.

/** Also takes the extension off a name. */
export const MODEL_FILE = /\.(safetensors|ckpt|pt|pth|bin|onnx)$/i;
