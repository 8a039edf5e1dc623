// The library's textual inversion embeddings as one job's prompts use them: names by the tokenizer, vectors by the text
// encoders. Files are read when a prompt names them, and not before.

import type { OpenedModel as LibraryModel } from "../library/open-model.ts";
import { readEmbedding, type Embedding } from "../models/adapters/embedding.ts";
import type { DetectedModel } from "../models/model-config.ts";
import { families } from "../models/families.ts";
import { withEmbeddingNames, type EmbeddingTokenizer } from "../prompt/embedding-names.ts";
import type { ClipTokenizer } from "../prompt/clip-tokenizer.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import { openCheckpoint } from "../weights/open-checkpoint.ts";

/** The vectors that placeholder ids stand for, as wide as one text encoder. */
export interface TokenVectors {
  /** Undefined for tokens of the vocabulary. Rejects when the embedding is not for this model. */
  vector(id: number): Promise<Float32Array> | undefined;
}

export interface PromptEmbeddings {
  tokenizer(base: ClipTokenizer): EmbeddingTokenizer;
  /** @param encoder which of the model's text encoders. */
  vectors(tokenizer: EmbeddingTokenizer, encoder: number): TokenVectors;
  /** Those whose vectors were asked for, in that order. */
  readonly used: readonly ModelRecord[];
}

/** For models that take no vectors: every name is a word. */
export const noEmbeddings: PromptEmbeddings = {
  used: [],
  tokenizer: (base) => withEmbeddingNames(base, []),
  vectors: () => ({ vector: () => undefined }),
};

/** The name a prompt calls an embedding by. */
export const embeddingName = ({ fileName }: ModelRecord): string => fileName.replace(/\.[^.]+$/, "");

/** @param records the whole library's. */
export function promptEmbeddings(
  model: DetectedModel,
  records: readonly ModelRecord[],
  open: (modelId: string) => Promise<LibraryModel>,
): PromptEmbeddings {
  const candidates = bestOfEachName(model, records);
  const names = candidates.map((record) => ({ name: embeddingName(record), count: record.vectors ?? 0 }));
  const loaded = new Map<number, Promise<Embedding>>();
  const used: ModelRecord[] = [];

  const load = (index: number): Promise<Embedding> => {
    const known = loaded.get(index);
    if (known) return known;
    used.push(candidates[index]);
    const embedding = open(candidates[index].id).then(async ({ source }) =>
      readEmbedding(await openCheckpoint(source), model),
    );
    loaded.set(index, embedding);
    return embedding;
  };

  return {
    used,
    tokenizer: (base) => withEmbeddingNames(base, names),
    vectors: (tokenizer, encoder) => ({
      vector(id) {
        const token = tokenizer.embeddingToken(id);
        return token && vectorOf(load(token.embedding), encoder, token.vector);
      },
    }),
  };
}

async function vectorOf(
  embedding: Promise<Embedding>,
  encoder: number,
  index: number,
): Promise<Float32Array> {
  const { vectors, count } = await embedding;
  const all = vectors[encoder];
  const width = all.length / count;
  return all.subarray(index * width, (index + 1) * width);
}

/** Two files of one name are told apart by whose they are: one for the model's own architecture comes first. */
function bestOfEachName(model: DetectedModel, records: readonly ModelRecord[]): readonly ModelRecord[] {
  const best = new Map<string, ModelRecord>();
  for (const record of records) {
    if (record.type !== "embedding" || !record.vectors) continue;
    const name = embeddingName(record).toLowerCase();
    const other = best.get(name);
    if (!other || (!isFor(model, other) && isFor(model, record))) best.set(name, record);
  }
  return [...best.values()];
}

/** Families with as many text encoders of the same kind share their embeddings. */
function isFor({ family }: DetectedModel, record: ModelRecord): boolean {
  const own = families.find(({ id }) => id === record.family);
  if (!own) return false;
  const places = (encoders: typeof own.textEncoders): string =>
    encoders.map(({ activation, padding, pooled }) => `${activation} ${padding} ${pooled}`).join();
  return places(own.textEncoders) === places(family.textEncoders);
}
