// Starts the test host of model files beside the browser tests and tells them where it is.

import type { TestProject } from "vitest/node";
import { startModelHost, type ModelHost } from "./model-host.ts";

declare module "vitest" {
  export interface ProvidedContext {
    modelHostUrl: string;
  }
}

let host: ModelHost | undefined;

export async function setup(project: TestProject): Promise<void> {
  host = await startModelHost();
  project.provide("modelHostUrl", host.url);
}

export async function teardown(): Promise<void> {
  await host?.close();
}
