// The models that come with the app: what the manifest says of them, fetched from beside the app and checked against it.

import { AppError } from "../protocol/app-error.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import {
  type ManifestFile,
  type ManifestModel,
  type ModelManifest,
  parseManifest,
} from "../protocol/model-manifest.ts";
import { blobSource } from "../weights/blob-source.ts";
import { hashSource } from "./file-hash.ts";
import type { LibraryDatabase } from "./library-database.ts";

const MANIFEST = "models-manifest.json";

export function fileOfRole(model: ManifestModel, role: string): ManifestFile | undefined {
  return model.files.find((file) => file.role === role);
}

/** The file a model is; its others (a tokenizer) go with it. */
export const mainFile = (model: ManifestModel): ManifestFile | undefined => fileOfRole(model, model.type);

/** Records of the models whose file lies beside the app. */
export function embeddedRecords(manifest: ModelManifest): ModelRecord[] {
  return manifest.models.flatMap((model) => {
    const file = mainFile(model);
    if (file?.path === undefined) return [];
    const { id, name, type, family, dtype, defaults, needs, license, vectors, scale } = model;
    const { description, examples, triggerWords, preview } = model;
    const { bytes, sha256, path } = file;
    const fileName = path.slice(path.lastIndexOf("/") + 1);
    return {
      ...{ id, name, type, family, dtype, needs, license, description, examples, triggerWords },
      ...(defaults && { defaults }),
      ...(vectors !== undefined && { vectors }),
      ...(scale !== undefined && { scale }),
      ...(preview !== undefined && { preview }),
      ...{ bytes, sha256, fileName, origin: "embedded", addedAt: 0 },
    };
  });
}

/** @throws AppError Network, FileFormat. */
export async function fetchManifest(baseUrl: string): Promise<ModelManifest> {
  const response = await fetchBeside(baseUrl, MANIFEST);
  let json: unknown;
  try {
    json = await response.json();
  } catch (cause) {
    const details = {
      where: MANIFEST,
      expected: "JSON",
      got: response.headers.get("Content-Type") ?? "other text",
    };
    throw new AppError("FileFormat", `${MANIFEST} is not JSON. Reload the app.`, details, { cause });
  }
  return parseManifest(json);
}

/**
 * Fetches a file that comes with the app and checks its size always, its hash once per build and browser.
 * @throws AppError Network, ModelNotFound, FileFormat.
 */
export async function fetchEmbeddedFile(
  baseUrl: string,
  file: ManifestFile,
  database: LibraryDatabase | undefined,
): Promise<Blob> {
  const path = file.path ?? "";
  const blob = await readBody(await fetchBeside(baseUrl, path), path);
  requireSame(path, "size", `${file.bytes} bytes`, `${blob.size} bytes`);
  const key = `${path} ${file.bytes} ${file.sha256}`;
  if (await database?.get("verified", key)) return blob;
  requireSame(path, "SHA-256", file.sha256, await hashSource(blobSource(blob, path)));
  // Only spares work at the next start, so a full disk does not matter.
  await database?.put("verified", { key, verifiedAt: Date.now() }).catch(() => undefined);
  return blob;
}

function requireSame(path: string, what: string, expected: string, got: string): void {
  if (expected === got) return;
  throw new AppError(
    "FileFormat",
    `${path} is damaged: its ${what} should be ${expected}, got ${got}. Reload the app while online.`,
    { where: path, expected, got },
  );
}

/** A file that is served beside the app. @throws AppError Network or ModelNotFound. */
export async function fetchBeside(baseUrl: string, path: string): Promise<Response> {
  const url = new URL(path, baseUrl);
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw networkError(path, String(cause), cause);
  }
  // Many static hosts answer for a missing file with their start page; no file asked for here is a page.
  const isPage = response.headers.get("Content-Type")?.startsWith("text/html") ?? false;
  if (response.ok && !isPage) return response;
  if (response.status === 404 || isPage) {
    throw new AppError("ModelNotFound", `${path} is missing where the app is served from.`, {
      where: url.href,
      expected: "the file",
      got: isPage ? "a web page" : "status 404",
    });
  }
  throw networkError(path, `status ${response.status}`);
}

async function readBody(response: Response, path: string): Promise<Blob> {
  try {
    return await response.blob();
  } catch (cause) {
    throw networkError(path, String(cause), cause);
  }
}

function networkError(path: string, got: string, cause?: unknown): AppError {
  return new AppError(
    "Network",
    `${path} could not be loaded. Check that you are online, then try again.`,
    { where: path, expected: "a response", got },
    { cause },
  );
}
