// Starts the test host of Civitai once for all browser tests and tells them where it is. Stops it at the end.

import type { TestProject } from "vitest/node";
import { startCivitaiHost } from "./civitai-host.ts";

declare module "vitest" {
  interface ProvidedContext {
    civitaiOrigin: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { origin, close } = await startCivitaiHost();
  project.provide("civitaiOrigin", origin);
  return close;
}
