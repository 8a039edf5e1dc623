// Starts the test host of model files beside the browser tests and tells them where it is.

import type { TestProject } from "vitest/node";
import { startModelHost, type ModelHost } from "./model-host.ts";

declare module "vitest" {
  export interface ProvidedContext {
    modelHostUrl: string;
    /** Size of the download whose connection is cut at 50 points. */
    faultMegabytes: number;
  }
}

// The full size takes a minute on a quiet machine; the default proves the same in seconds.
const DEFAULT_FAULT_MEGABYTES = 24;

let host: ModelHost | undefined;

export async function setup(project: TestProject): Promise<void> {
  host = await startModelHost();
  project.provide("modelHostUrl", host.url);
  project.provide("faultMegabytes", Number(process.env.KILN_FAULT_MEGABYTES ?? DEFAULT_FAULT_MEGABYTES));
}

export async function teardown(): Promise<void> {
  await host?.close();
}
