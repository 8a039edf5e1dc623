// Writes what the files in public/ decide (sizes, hashes, dtype, memory) into models-manifest.json. Touches no other field.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { parseManifest } from "../src/protocol/model-manifest.ts";
import { measuredManifest } from "./manifest-files.ts";

const root = join(import.meta.dirname, "..");
const path = join(root, "models-manifest.json");
const manifest = parseManifest(JSON.parse(readFileSync(path, "utf8")));
const measured = await measuredManifest(manifest, join(root, "public"));
// As the format check wants it.
writeFileSync(
  path,
  await format(JSON.stringify(measured, null, 2), { ...(await resolveConfig(path)), filepath: path }),
);
for (const { id, files } of measured.models) {
  for (const file of files)
    console.log(`${id}: ${file.path ?? file.urls?.[0]} ${file.bytes} bytes, ${file.sha256}`);
}
