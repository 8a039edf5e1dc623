// Builds the app once before the end-to-end tests.

import { join } from "node:path";
import { ensureBuild } from "../../scripts/ensure-build.ts";

export default async function globalSetup(): Promise<void> {
  await ensureBuild(join(import.meta.dirname, "../.."));
}
