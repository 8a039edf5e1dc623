// Runs one of the command line's scripts as a shell would, and waits for it. For end-to-end tests.

import { spawnSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const TSX = join(ROOT, "node_modules/tsx/dist/cli.mjs");
// Shorter than a test may take: what hangs must fail with what was printed so far.
const MAX_MILLISECONDS = 240_000;

export interface ScriptResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runScript(name: "generate" | "upscale", ...args: readonly string[]): ScriptResult {
  return spawnSync(process.execPath, [TSX, `scripts/${name}.ts`, ...args], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: MAX_MILLISECONDS,
    env: { ...process.env, KILN_SOFTWARE_GPU: "1" },
  });
}
