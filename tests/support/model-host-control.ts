// Orders the test host of model files from a test in a browser, over HTTP.

import { inject } from "vitest";
import type { HubRepository } from "./hub-host.ts";
import type { Content } from "./model-host-content.ts";
import type { HostedFile, HostReport } from "./model-host.ts";

export interface HostedModel {
  readonly address: string;
  readonly sha256: string;
  readonly bytes: number;
}

async function control(method: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${inject("modelHostUrl")}/control`, { method, body: JSON.stringify(body) });
  return await response.json();
}

/** Puts a model of about `bytes` at `path`; the same `seed` gives the same file. */
export async function hostModel(
  path: string,
  bytes: number,
  file: Partial<HostedFile> = {},
  seed = 3,
): Promise<HostedModel> {
  const content = { kind: "model", bytes, seed } as const satisfies Content;
  await control("PUT", { path, file: { content, cors: "open", ...file } });
  const facts = (await control("POST", content)) as { readonly sha256: string; readonly bytes: number };
  return { address: inject("modelHostUrl") + path, ...facts };
}

/** Puts a file at `path` of the storage origin, as the Hub's redirects lead to. */
export async function hostFile(path: string, file: HostedFile): Promise<void> {
  await control("PUT", { path, file });
}

/** Publishes the tiny SDXL folder (family-repository.ts) under a name. */
export async function hostRepository(
  name: string,
  changes: Partial<Pick<HubRepository, "token" | "refusal">> = {},
): Promise<void> {
  await control("PUT", { repository: name, ...changes });
}

/** What happened since the last `forgetHosted`, preflights left out. */
export async function hostReport(): Promise<HostReport> {
  const report = (await control("GET")) as HostReport;
  return { ...report, requests: report.requests.filter(({ method }) => method !== "OPTIONS") };
}

export async function forgetHosted(): Promise<void> {
  await control("DELETE");
}
