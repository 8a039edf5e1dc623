// Small copies of pictures for the grid. Not the preview of latents while a picture is being made.

const SIDE = 256;
const QUALITY = 0.85;

/** A picture at most 256 px on its longer side, WebP where the browser can encode it. */
export async function makeThumbnail(picture: Blob): Promise<Blob> {
  const full = await createImageBitmap(picture);
  try {
    const scale = Math.min(1, SIDE / Math.max(full.width, full.height));
    const width = Math.max(1, Math.round(full.width * scale));
    const height = Math.max(1, Math.round(full.height * scale));
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    if (!context) throw new Error("No 2d context for a thumbnail.");
    context.imageSmoothingQuality = "high";
    context.drawImage(full, 0, 0, width, height);
    return await canvas.convertToBlob({ type: "image/webp", quality: QUALITY });
  } finally {
    full.close();
  }
}
