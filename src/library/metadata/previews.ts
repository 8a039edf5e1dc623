// Pictures of models in .previews/ of the private file system: re-encoded, small, bounded in number. Knows no metadata.

import { AppError } from "../../protocol/app-error.ts";

const FOLDER = ".previews";
const MAX_SIDE = 512;
const QUALITY = 0.85;
// Of a picture before it is made small. Larger ones are not previews.
const MAX_SOURCE_BYTES = 32 * 1024 * 1024;
// About 40 kB each: room for 5,000 models. The oldest go first.
const MAX_TOTAL_BYTES = 200 * 1024 * 1024;

export interface Previews {
  /** Path for `preview_path`. @throws AppError FileFormat for what is not a raster picture. */
  put(id: string, picture: Blob): Promise<string>;
  get(id: string): Promise<Blob | undefined>;
  remove(id: string): Promise<void>;
}

export async function openPreviews(maxTotalBytes = MAX_TOTAL_BYTES): Promise<Previews> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  // Counted once, because looking at thousands of files takes longer than writing one.
  let used: number | undefined;
  return {
    async put(id, picture) {
      const small = await reEncode(picture, id);
      used = (used ?? (await makeRoom(folder, Infinity))) + small.size;
      if (used > maxTotalBytes) used = (await makeRoom(folder, maxTotalBytes - small.size)) + small.size;
      const handle = await folder.getFileHandle(fileNameOf(id), { create: true });
      const writable = await handle.createWritable();
      await writable.write(small);
      await writable.close();
      return `${FOLDER}/${fileNameOf(id)}`;
    },
    async get(id) {
      const file = await folder
        .getFileHandle(fileNameOf(id))
        .then((handle) => handle.getFile())
        .catch(absent);
      return file && file.size > 0 ? file.slice(0, file.size, "image/webp") : undefined;
    },
    async remove(id) {
      await folder.removeEntry(fileNameOf(id)).catch(absent);
    },
  };
}

/**
 * Decodes and encodes again, so that nothing of the original file stays: no metadata, no trailing archive, no script of a
 * vector picture.
 */
export async function reEncode(picture: Blob, where: string, type = "image/webp"): Promise<Blob> {
  const refuse = (got: string, cause?: unknown): AppError =>
    new AppError(
      "FileFormat",
      "This picture could not be read. Choose a PNG, JPEG, WebP, GIF or AVIF picture.",
      { where, expected: "a raster picture of at most 32 MB", got },
      { cause },
    );
  if (picture.size > MAX_SOURCE_BYTES) throw refuse(`${picture.size} bytes`);
  // A type that the sender chose would decide how the bytes are decoded; without one the bytes themselves do.
  const untyped = picture.slice(0, picture.size, "");
  let whole: ImageBitmap;
  try {
    whole = await createImageBitmap(untyped);
  } catch (cause) {
    throw refuse("something else", cause);
  }
  try {
    const scale = Math.min(1, MAX_SIDE / Math.max(whole.width, whole.height));
    const [width, height] = [whole.width, whole.height].map((side) => Math.max(1, Math.round(side * scale)));
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    if (!context) throw refuse("no canvas");
    context.imageSmoothingQuality = "high";
    context.drawImage(whole, 0, 0, width, height);
    return await canvas.convertToBlob({ type, quality: QUALITY });
  } finally {
    whole.close();
  }
}

/** Ids of imported models are digests; those of embedded ones are short names. Nothing else becomes a path. */
function fileNameOf(id: string): string {
  return `${id.replace(/[^\w-]/g, "_").slice(0, 80)}.webp`;
}

/** Removes the oldest until the rest fits. Returns the bytes that are left. */
async function makeRoom(folder: FileSystemDirectoryHandle, maxBytes: number): Promise<number> {
  const files: File[] = [];
  for await (const handle of folder.values()) {
    if (handle.kind === "file") files.push(await handle.getFile());
  }
  let left = files.reduce((sum, file) => sum + file.size, 0);
  files.sort((a, b) => a.lastModified - b.lastModified);
  for (const file of files) {
    if (left <= maxBytes) break;
    left -= file.size;
    await folder.removeEntry(file.name).catch(absent);
  }
  return left;
}

function absent(error: unknown): undefined {
  if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
  throw error;
}
