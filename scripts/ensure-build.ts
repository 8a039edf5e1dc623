// Builds the production app when it is missing or older than its sources. Knows nothing of serving it.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

const SOURCES = [
  "src",
  "public",
  "index.html",
  "headless.html",
  "vite.config.ts",
  "models-manifest.json",
  "package-lock.json",
];

function newestChange(path: string): number {
  if (!existsSync(path)) return 0;
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((entry) => newestChange(join(path, entry))));
}

/** Absolute path of an up-to-date `dist` folder. */
export async function ensureBuild(root: string): Promise<string> {
  const dist = join(root, "dist");
  const built = join(dist, "index.html");
  const sourcesChanged = Math.max(...SOURCES.map((source) => newestChange(join(root, source))));
  if (!existsSync(built) || statSync(built).mtimeMs < sourcesChanged) {
    await build({ root, logLevel: "warn" });
  }
  return dist;
}
