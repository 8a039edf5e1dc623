// The small text files of a model that is published as a folder: its scheduler's configuration and its tokenizer. Reads no weights.

import type { ByteSource } from "./byte-source.ts";
import { fileFormatError, quoted } from "./file-format.ts";

/** The model's own vocabulary and merges. */
export interface FolderTokenizer {
  readonly vocabJson: unknown;
  readonly mergesText: string;
}

/** A file of the folder by its path below the model's own folder. */
type TakeFile = (path: string) => ByteSource | undefined;

const TOKENIZER_FOLDERS = ["tokenizer", "tokenizer_2"] as const;
const SCHEDULER_CONFIG = "scheduler/scheduler_config.json";
/** What of scheduler_config.json becomes metadata: "scheduler.prediction_type". */
const SCHEDULER_FACTS = [
  "_class_name",
  "prediction_type",
  "rescale_betas_zero_snr",
  "timestep_spacing",
] as const;
// Published ones stay below 4 MB (tokenizer.json) and 1 MB (the index of shards). Parsed, JSON takes many times its bytes.
const MAX_TEXT_BYTES = 8 * 2 ** 20;

export async function readSchedulerFacts(take: TakeFile): Promise<Map<string, string>> {
  const source = take(SCHEDULER_CONFIG);
  const facts = new Map<string, string>();
  if (!source) return facts;
  const config = (await readJson(source)) as Record<string, unknown> | null;
  for (const fact of SCHEDULER_FACTS) {
    const value = config?.[fact];
    if (typeof value === "string" || typeof value === "boolean")
      facts.set(`scheduler.${fact}`, String(value));
  }
  return facts;
}

/** Reads the tokenizer: megabytes of text that recognising a model does without. */
export type ReadTokenizer = () => Promise<FolderTokenizer>;

/** vocab.json and merges.txt, or both out of tokenizer.json, which newer programs save alone. */
export function findFolderTokenizer(take: TakeFile): ReadTokenizer | undefined {
  for (const folder of TOKENIZER_FOLDERS) {
    const [vocabulary, merges] = [take(`${folder}/vocab.json`), take(`${folder}/merges.txt`)];
    if (vocabulary && merges)
      return async () => ({ vocabJson: await readJson(vocabulary), mergesText: await readText(merges) });
    const whole = take(`${folder}/tokenizer.json`);
    if (whole) return async () => wholeTokenizer(await readJson(whole), whole.name);
  }
  return undefined;
}

function wholeTokenizer(json: unknown, file: string): FolderTokenizer {
  const { model, added_tokens: added } = (json ?? {}) as {
    model?: { vocab?: unknown; merges?: unknown };
    added_tokens?: unknown;
  };
  const { vocab, merges } = model ?? {};
  if (typeof vocab !== "object" || vocab === null || !Array.isArray(merges)) {
    throw fileFormatError(file, { where: "model", expected: "a vocabulary and merges", got: typeof vocab });
  }
  const extra = (Array.isArray(added) ? added : []).map((token): [string, unknown] => {
    const { content, id } = (token ?? {}) as { content?: unknown; id?: unknown };
    if (typeof content === "string") return [content, id];
    throw fileFormatError(file, {
      where: "added_tokens",
      expected: "tokens with a text",
      got: typeof content,
    });
  });
  // Written as "a b" or as ["a", "b"].
  const lines = merges.map((merge: unknown) => {
    const pieces: readonly unknown[] = Array.isArray(merge) ? merge : [merge];
    if (pieces.every((piece) => typeof piece === "string")) return pieces.join(" ");
    throw fileFormatError(file, { where: "merges", expected: "pairs of texts", got: typeof merge });
  });
  return { vocabJson: { ...vocab, ...Object.fromEntries(extra) }, mergesText: lines.join("\n") };
}

export async function readJson(source: ByteSource): Promise<unknown> {
  const text = await readText(source);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw fileFormatError(
      source.name,
      { where: "the file", expected: "JSON", got: quoted(text.slice(0, 20)) },
      { cause },
    );
  }
}

async function readText(source: ByteSource): Promise<string> {
  if (source.byteLength > MAX_TEXT_BYTES) {
    throw fileFormatError(source.name, {
      where: "the file",
      expected: `at most ${MAX_TEXT_BYTES} bytes long`,
      got: `${source.byteLength} bytes`,
    });
  }
  return new TextDecoder().decode(await source.read(0, source.byteLength));
}
