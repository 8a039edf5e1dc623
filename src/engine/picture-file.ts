// A finished picture as a file: PNG with A1111's infotext inside. The PNG encoder itself is given.

import { formatInfotext } from "../imaging/infotext.ts";
import { pictureInfotext, type PictureFacts } from "../imaging/infotext-recipe.ts";
import { pixelsToRgba, type RgbaPixels } from "../imaging/pixels.ts";
import { insertPngText } from "../imaging/png-text.ts";
import type { PixelTensor } from "../pipeline/components.ts";
import type { GenerationRequest } from "../protocol/generation-request.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import { embeddingName } from "./prompt-embeddings.ts";

/** Encodes opaque RGBA pixels as a PNG file's bytes. */
export type EncodePng = (pixels: RgbaPixels) => Promise<Uint8Array<ArrayBuffer>>;

export interface PictureOrigin {
  readonly request: GenerationRequest;
  /** The picture's own seed. */
  readonly seed: number;
  readonly record: ModelRecord;
  /** In the place of the model's own. */
  readonly vae?: ModelRecord;
  /** That the prompts named. */
  readonly embeddings: readonly ModelRecord[];
  readonly loras: PictureFacts["loras"];
  /** Of the program: "0.1.0". */
  readonly version: string;
}

export async function pictureFile(
  { data, width, height }: PixelTensor,
  { request, seed, record, vae, embeddings, loras, version }: PictureOrigin,
  encodePng: EncodePng,
): Promise<{ readonly file: Blob; readonly infotext: string }> {
  const infotext = formatInfotext(
    pictureInfotext({
      request,
      seed,
      modelName: record.fileName.replace(/\.[^.]+$/, ""), // A1111 names a model by its file, without the extension
      modelSha256: record.sha256,
      ...(vae && { vae: { name: vae.fileName, sha256: vae.sha256 } }),
      embeddings: embeddings.map((used) => ({ name: embeddingName(used), sha256: used.sha256 })),
      loras,
      version: `Kiln ${version}`,
    }),
  );
  const png = insertPngText(await encodePng(pixelsToRgba(data, width, height)), { parameters: infotext });
  return { file: new Blob([png], { type: "image/png" }), infotext };
}
