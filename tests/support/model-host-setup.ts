// Starts the test host of model files beside the browser tests and tells them where it is. Stops it at the end.

import type { TestProject } from "vitest/node";
import { startModelHost } from "./model-host.ts";

declare module "vitest" {
  export interface ProvidedContext {
    modelHostUrl: string;
  }
}

// Runs once for each project of a run, so each host is closed by what its own call returns.
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, close } = await startModelHost();
  project.provide("modelHostUrl", url);
  return close;
}
