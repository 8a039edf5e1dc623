// Opens what the library has for the engine: headers, networks that can be asked for graphs, tokenizers. Reads no weight, and keeps
// nothing: sessions, and models that were opened before, are model-loader.ts.

import type { OpenedModel as LibraryModel, TokenizerFiles } from "../library/open-model.ts";
import { detectModel } from "../models/detect-model.ts";
import { detectExported } from "../models/exports/detect-exported.ts";
import type { AnyModel } from "../models/exports/exported-model.ts";
import type { ModelTraits, VaeConfig } from "../models/model-config.ts";
import { detectVaeFile } from "../models/vae-file.ts";
import { createClipTokenizer, type ClipTokenizer } from "../prompt/clip-tokenizer.ts";
import { AppError } from "../protocol/app-error.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import { openDiffusersFolder } from "../weights/diffusers-folder.ts";
import { isOnnxFolder, openOnnxFolder } from "../weights/onnx/onnx-folder.ts";
import { openCheckpoint } from "../weights/open-checkpoint.ts";
import type { TokenizerNeed } from "./default-tokenizers.ts";
import type { OpenedLora } from "./lora-files.ts";
import {
  builtNetworks,
  builtVae,
  exportedNetworks,
  type ModelNetworks,
  type VaeNetworks,
} from "./model-networks.ts";
import type { UpscalerNetwork } from "./upscaler-network.ts";

/** Rejects with ModelNotFound, FileFormat or Network. */
export type OpenModel = (modelId: string) => Promise<LibraryModel>;

/** The tokenizer of files that bring none; rejects with UnsupportedModel when there is none that fits. */
export type DefaultTokenizer = (need: TokenizerNeed) => Promise<TokenizerFiles>;

export interface OpenedModel {
  readonly record: ModelRecord;
  readonly detected: AnyModel;
  readonly networks: ModelNetworks;
  /** One per text encoder, each padding as that was trained. */
  readonly tokenizers: readonly ClipTokenizer[];
  /** In the order of application; none where `openModel` gave it. */
  readonly loras: readonly OpenedLora[];
  /** The checkpoint's own, or another file's in its place. */
  readonly vae: OpenedVae;
}

export interface OpenedVae {
  /** Absent for the checkpoint's own. */
  readonly record?: ModelRecord;
  readonly config: ModelTraits["vae"];
  /** Absent where its graphs were published as they are. */
  readonly layers?: VaeConfig;
  readonly networks: VaeNetworks;
}

export interface OpenedUpscaler {
  readonly record: ModelRecord;
  readonly network: UpscalerNetwork;
}

/** @throws AppError FileFormat, UnsupportedModel, MissingTensor, ShapeMismatch. */
export async function openModel(
  libraryModel: LibraryModel,
  defaultTokenizer: DefaultTokenizer,
): Promise<OpenedModel> {
  const { record } = libraryModel;
  const { detected, networks, layers, tokenizer } = await openNetworks(libraryModel);
  return {
    record,
    detected,
    networks,
    tokenizers: await createTokenizers(record.name, detected, tokenizer, defaultTokenizer),
    loras: [],
    vae: { config: detected.vae, ...(layers && { layers }), networks: networks.vae },
  };
}

/** Another file's VAE for a model. @throws AppError UnsupportedModel when their latents are not of one size. */
export async function openVae(
  { detected }: OpenedModel,
  { source, record }: LibraryModel,
): Promise<OpenedVae> {
  const { checkpoint, vae } = detectVaeFile(await openCheckpoint(source), detected.family);
  if (vae.downscale === detected.vae.downscale)
    return { record, config: vae, layers: vae, networks: builtVae(checkpoint, vae) };
  throw new AppError("UnsupportedModel", `${record.name} is a VAE for other models than this one.`, {
    where: record.fileName,
    expected: `${detected.vae.downscale} pixels per latent`,
    got: `${vae.downscale}`,
  });
}

interface OpenedNetworks {
  readonly detected: AnyModel;
  readonly networks: ModelNetworks;
  readonly layers?: VaeConfig;
  readonly tokenizer?: TokenizerFiles;
}

/** A folder may bring its own tokenizer. */
async function openNetworks({ source, folder, tokenizer, record }: LibraryModel): Promise<OpenedNetworks> {
  // Not detected anew: the file was imported under another name, which may have decided the family.
  if (folder && isOnnxFolder(folder.map(({ path }) => path))) {
    const opened = await openOnnxFolder(folder, record.name);
    const detected = detectExported(opened, record.family);
    const own = await opened.readTokenizer?.();
    return { detected, networks: exportedNetworks(detected, record.name), tokenizer: own ?? tokenizer };
  }
  if (folder) {
    const { checkpoint, readTokenizer } = await openDiffusersFolder(folder, record.name);
    const detected = detectModel(checkpoint, record.family);
    const own = await readTokenizer?.();
    return { detected, networks: builtNetworks(detected), layers: detected.vae, tokenizer: own };
  }
  const detected = detectModel(await openCheckpoint(source), record.family);
  return { detected, networks: builtNetworks(detected), layers: detected.vae, tokenizer };
}

async function createTokenizers(
  modelName: string,
  { textEncoders }: ModelTraits,
  ownFiles: TokenizerFiles | undefined,
  defaultTokenizer: DefaultTokenizer,
): Promise<readonly ClipTokenizer[]> {
  const bySize = new Map<number, ClipTokenizer>();
  for (const { vocabulary } of textEncoders) {
    if (bySize.has(vocabulary)) continue;
    const { vocabJson, mergesText } = ownFiles ?? (await defaultTokenizer({ modelName, vocabulary }));
    const tokenizer = createClipTokenizer(vocabJson, mergesText);
    if (tokenizer.size > vocabulary) throw foreignTokenizer(modelName, vocabulary, tokenizer.size);
    bySize.set(vocabulary, tokenizer);
  }
  return textEncoders.map(({ vocabulary, padding }) => {
    const tokenizer = bySize.get(vocabulary)!;
    return padding === "zero" ? { ...tokenizer, pad: 0 } : tokenizer;
  });
}

/** A token that the text encoder has no row for would end in the runtime, in its own words. */
function foreignTokenizer(modelName: string, vocabulary: number, size: number): AppError {
  return new AppError(
    "UnsupportedModel",
    `${modelName} has a tokenizer of ${size} tokens beside a text encoder that knows ${vocabulary}: they are not of one model. ` +
      `Download the folder again.`,
    { where: `${modelName}: tokenizer`, expected: `at most ${vocabulary} tokens`, got: `${size}` },
  );
}
