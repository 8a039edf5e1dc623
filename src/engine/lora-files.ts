// Opens the LoRAs of jobs: headers only, each once for each model it is used with. Knows no session; reads no factors.

import { readLora, type Lora } from "../models/adapters/lora.ts";
import { families } from "../models/families.ts";
import { familyOfContextWidth } from "../models/kinds/family-of-width.ts";
import type { DetectedModel } from "../models/model-config.ts";
import { AppError, isAppError } from "../protocol/app-error.ts";
import type { LoraUse } from "../protocol/generation-request.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { ByteSource } from "../weights/byte-source.ts";
import { openCheckpoint } from "../weights/open-checkpoint.ts";
import type { JobLora } from "./adapter-binding.ts";
import { fileStem } from "./job-loras.ts";
import { tensorsHash } from "./model-hash.ts";

export interface OpenedLora extends JobLora {
  /** As infotexts and tags name it. */
  readonly name: string;
}

interface LoraFile {
  readonly id: string;
  readonly record: ModelRecord;
  readonly source: ByteSource;
  readonly lora: Lora;
}

// Indexes are small: this is more than a job may use.
const MAX_KEPT = 100;
// In a warning's text; a file may hold thousands.
const MAX_NAMED_KEYS = 3;

export class LoraFiles {
  readonly #open: (modelId: string) => Promise<{ readonly source: ByteSource; readonly record: ModelRecord }>;
  /** By checkpoint and LoRA. Newest last. */
  readonly #files = new Map<string, LoraFile>();
  readonly #hashes = new Map<string, Promise<string>>();

  constructor(
    open: (modelId: string) => Promise<{ readonly source: ByteSource; readonly record: ModelRecord }>,
  ) {
    this.#open = open;
  }

  /**
   * In the order of `uses`. One that appears several times adds up.
   * @throws AppError ModelNotFound, UnsupportedModel when a file is no LoRA for this model, FileFormat.
   */
  async open(
    uses: readonly LoraUse[],
    checkpoint: ModelRecord,
    model: DetectedModel,
  ): Promise<readonly OpenedLora[]> {
    const opened: OpenedLora[] = [];
    for (const { modelId, unetWeight, textWeight } of uses) {
      const { id, record, lora } = await this.#file(modelId, checkpoint, model);
      opened.push({
        id,
        name: fileStem(record),
        lora,
        strengths: { unet: unetWeight, textEncoder: textWeight },
      });
    }
    return opened;
  }

  /** The hash that an infotext gives for a LoRA that was opened. */
  hash(id: string): Promise<string> {
    const file = [...this.#files.values()].find((candidate) => candidate.id === id);
    if (!file) throw new Error(`the LoRA ${id} was not opened`);
    const known = this.#hashes.get(id) ?? tensorsHash(file.source);
    this.#hashes.set(id, known);
    return known;
  }

  clear(): void {
    this.#files.clear();
  }

  async #file(id: string, checkpoint: ModelRecord, model: DetectedModel): Promise<LoraFile> {
    const key = `${checkpoint.id} ${id}`;
    const known = this.#files.get(key);
    if (known) return known;
    const { source, record } = await this.#open(id);
    const file = { id, record, source, lora: await readFor(source, record, checkpoint, model) };
    this.#files.set(key, file);
    for (const oldest of [...this.#files.keys()].slice(0, -MAX_KEPT)) this.#files.delete(oldest);
    return file;
  }
}

/** Names the two families where the file is known to be for another one than the model's. */
async function readFor(
  source: ByteSource,
  record: ModelRecord,
  checkpoint: ModelRecord,
  model: DetectedModel,
): Promise<Lora> {
  const opened = await openCheckpoint(source);
  try {
    return readLora(opened, model);
  } catch (cause) {
    const made = families.find(({ id }) => id === record.family);
    const own = familyOfContextWidth(model.unet.contextWidth);
    if (!isAppError(cause, "ShapeMismatch", "UnsupportedModel") || !made || made.id === own) throw cause;
    const message = `${record.fileName} is a LoRA for ${made.name} and does not fit ${checkpoint.name}, which is ${model.family.name}. Choose a ${made.name} model or switch this LoRA off.`;
    const details = {
      where: record.fileName,
      expected: `a LoRA for ${model.family.name}`,
      got: `one for ${made.name}`,
    };
    throw new AppError("UnsupportedModel", message, details, { cause });
  }
}

/** What the user should know about LoRAs that were used, one sentence each. */
export function loraWarnings(loras: readonly OpenedLora[]): readonly string[] {
  return [...new Map(loras.map((lora) => [lora.id, lora])).values()].flatMap(
    ({ name, lora: { unmatched } }) => {
      if (unmatched.length === 0) return [];
      const named = unmatched.slice(0, MAX_NAMED_KEYS).map((key) => key.slice(0, 120));
      const rest = unmatched.length > named.length ? ", …" : "";
      return [
        `${unmatched.length} ${unmatched.length === 1 ? "tensor" : "tensors"} of the LoRA "${name}" fit nothing in this model and had no effect: ${named.join(", ")}${rest}.`,
      ];
    },
  );
}
