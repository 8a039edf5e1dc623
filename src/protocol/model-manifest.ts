// The type of models-manifest.json and its validation. Not a downloader: it only says what exists and what it needs.

import { AppError } from "./app-error.ts";

export const MODEL_TYPES = [
  "checkpoint",
  "lora",
  "embedding",
  "vae",
  "upscaler",
  "preview-decoder",
  "controlnet",
  "ip-adapter",
  "detector",
] as const;

/** What a model is for. */
export type ModelType = (typeof MODEL_TYPES)[number];

/**
 * One file of a model. `path` is relative to the app's base; `urls` are alternatives tried in order. A model with several
 * files that have only `urls` is downloaded as one folder.
 */
export interface ManifestFile {
  readonly role: string;
  readonly path?: string;
  /** What a downloaded file is called here, where its address says it worse; in a folder, its path: "unet/model.safetensors". */
  readonly name?: string;
  readonly urls?: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
}

export interface ModelNeeds {
  /** Device memory in bytes while generating at the model's default size, in float32: what every device can do. */
  readonly memoryBytes: number;
  /** The same in float16. Absent where the precision makes no difference, and in records of older versions. */
  readonly memoryBytesFloat16?: number;
  /** WebGPU features without which it cannot run at all. */
  readonly features: readonly string[];
}

export interface ModelDefaults {
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly sampler: string;
  readonly schedule: string;
  readonly clipSkip: number;
}

export interface ManifestModel {
  readonly id: string;
  readonly name: string;
  readonly type: ModelType;
  /** Empty where it does not matter, as for upscalers. */
  readonly family: string;
  readonly description: string;
  readonly license: string;
  /** Dominant dtype of the checkpoint's weights, by its safetensors name. */
  readonly dtype: string;
  readonly files: readonly ManifestFile[];
  readonly needs: ModelNeeds;
  /** Of checkpoints only. */
  readonly defaults?: ModelDefaults;
  /** Of embeddings and upscalers, as in a model's record. */
  readonly vectors?: number;
  readonly scale?: number;
  readonly examples?: readonly string[];
  /** Words that an adapter was trained with. */
  readonly triggerWords?: readonly string[];
  /** Path of a picture beside the app that shows what the model does. */
  readonly preview?: string;
}

export interface ModelManifest {
  readonly version: 1;
  readonly models: readonly ManifestModel[];
}

type Check = (value: unknown, where: string) => void;

function fail(where: string, expected: string, value: unknown): never {
  const got = value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80);
  throw new AppError("FileFormat", `models-manifest.json: ${where} should be ${expected}, got ${got}.`, {
    where,
    expected,
    got,
  });
}

const text: Check = (value, where) => {
  if (typeof value !== "string" || value === "") fail(where, "a non-empty string", value);
};

const natural: Check = (value, where) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    fail(where, "a whole number of at least 0", value);
};

const positive: Check = (value, where) => {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0)
    fail(where, "a number above 0", value);
};

const count: Check = (value, where) => {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    fail(where, "a whole number of at least 1", value);
};

const side: Check = (value, where) => {
  if (!Number.isInteger(value) || (value as number) < 64 || (value as number) % 8 !== 0) {
    fail(where, "a multiple of 8 of at least 64", value);
  }
};

const sha256: Check = (value, where) => {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value))
    fail(where, "64 lower-case hex digits", value);
};

const relativePath: Check = (value, where) => {
  text(value, where);
  if (/^([a-z]+:|\/)|(^|\/)\.\.(\/|$)/i.test(value as string))
    fail(where, "a path below the app's base", value);
};

const httpsUrl: Check = (value, where) => {
  if (typeof value !== "string" || !value.startsWith("https://") || !URL.canParse(value)) {
    fail(where, "an https address", value);
  }
};

function list(each: Check): Check {
  return (value, where) => {
    if (!Array.isArray(value)) fail(where, "a list", value);
    (value as unknown[]).forEach((item, i) => each(item, `${where}[${i}]`));
  };
}

function record(
  fields: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  return (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) fail(where, "an object", value);
    const entries = value as Record<string, unknown>;
    for (const [name, check] of Object.entries(fields)) check(entries[name], `${where}.${name}`);
    for (const [name, check] of Object.entries(optional)) {
      if (entries[name] !== undefined) check(entries[name], `${where}.${name}`);
    }
    for (const name of Object.keys(entries)) {
      if (!Object.hasOwn(fields, name) && !Object.hasOwn(optional, name))
        fail(`${where}.${name}`, "absent (unknown field)", entries[name]);
    }
  };
}

const checkFile: Check = (value, where) => {
  record(
    { role: text, bytes: natural, sha256 },
    { path: relativePath, name: relativePath, urls: list(httpsUrl) },
  )(value, where);
  const file = value as { path?: unknown; urls?: unknown };
  if (file.path === undefined && file.urls === undefined) fail(where, "given a path or urls", value);
};

const checkDefaults: Check = record({
  width: side,
  height: side,
  steps: count,
  guidanceScale: positive,
  sampler: text,
  schedule: text,
  clipSkip: count,
});

const checkFields: Check = record(
  {
    id: text,
    name: text,
    type: (value, where) => {
      if (!MODEL_TYPES.includes(value as ModelType)) fail(where, `one of ${MODEL_TYPES.join(", ")}`, value);
    },
    family: (value, where) => {
      if (typeof value !== "string") fail(where, "a string", value);
    },
    description: text,
    license: text,
    dtype: text,
    files: list(checkFile),
    needs: record({ memoryBytes: natural, features: list(text) }, { memoryBytesFloat16: natural }),
  },
  {
    defaults: checkDefaults,
    vectors: count,
    scale: count,
    examples: list(text),
    triggerWords: list(text),
    preview: relativePath,
  },
);

const checkModel: Check = (value, where) => {
  checkFields(value, where);
  const { type, defaults, files } = value as ManifestModel;
  const remote = remoteFiles(files);
  if (remote.length > 1) {
    for (const file of remote) text(file.name, `${where}.files (${file.role}).name`);
  }
  if (type === "checkpoint") checkDefaults(defaults, `${where}.defaults`);
};

/** Files that have to be downloaded. */
export function remoteFiles(files: readonly ManifestFile[]): readonly ManifestFile[] {
  return files.filter(({ path }) => path === undefined);
}

/**
 * Validates the parsed JSON of models-manifest.json.
 * @throws AppError FileFormat that names the field, what was expected and what was got.
 */
export function parseManifest(json: unknown): ModelManifest {
  record({
    version: (value, where) => {
      if (value !== 1) fail(where, "1", value);
    },
    models: list(checkModel),
  })(json, "manifest");
  const manifest = json as ModelManifest;
  const seen = new Set<string>();
  for (const model of manifest.models) {
    if (seen.has(model.id)) fail(`manifest.models (${model.id})`, "a unique id", model.id);
    seen.add(model.id);
  }
  return manifest;
}
