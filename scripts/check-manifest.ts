// Fails when models-manifest.json is not valid or disagrees with the files in public/. Run by the test suite and before releases.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseManifest } from "../src/protocol/model-manifest.ts";
import { manifestFaults } from "./manifest-files.ts";

const root = join(import.meta.dirname, "..");
const manifest = parseManifest(JSON.parse(readFileSync(join(root, "models-manifest.json"), "utf8")));
const faults = await manifestFaults(manifest, join(root, "public"));
for (const fault of faults) console.error(fault);
if (faults.length > 0) {
  console.error(
    "models-manifest.json disagrees with public/. If the files are right, run `npx tsx scripts/update-manifest.ts`.",
  );
  process.exitCode = 1;
}
