// Finds a Chromium-family browser for tests and headless generation, and installs Debian's when there is none.

import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Looked up on PATH, in this order. */
const NAMES = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
  "microsoft-edge",
  "microsoft-edge-stable",
];

/** Where installers put browsers that are not on PATH. */
const PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
  "C:\\Program Files\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** Flags for a quiet, hermetic headless browser with WebGPU: no sandbox where root cannot have one, no background network. */
const QUIET_ARGS: readonly string[] = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--enable-unsafe-webgpu",
];

/** For tests: always the software adapter, so that the WebGPU path is tested alike on every machine. */
export const CHROMIUM_ARGS: readonly string[] = [...QUIET_ARGS, "--use-webgpu-adapter=swiftshader"];

// Where Linux shows a GPU's driver; elsewhere Chromium finds the GPU by itself.
const LINUX_GPU_DEVICES = ["/dev/dri", "/dev/nvidia0"];

/**
 * For generating and measuring: this machine's GPU where there is one, else the software adapter, which the app uses
 * only when WebGPU is forced. `KILN_SOFTWARE_GPU=1` pretends that there is none.
 */
export function chromiumArgsForWork(): readonly string[] {
  const isLinux = process.platform === "linux";
  if (
    process.env.KILN_SOFTWARE_GPU === "1" ||
    (isLinux && !LINUX_GPU_DEVICES.some((path) => existsSync(path)))
  ) {
    return CHROMIUM_ARGS;
  }
  return isLinux ? [...QUIET_ARGS, "--enable-features=Vulkan"] : QUIET_ARGS;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Path of an installed browser, or undefined. `KILN_CHROMIUM` wins over everything. */
export function findChromium(): string | undefined {
  const chosen = process.env.KILN_CHROMIUM;
  if (chosen) {
    if (!isExecutable(chosen))
      throw new Error(`KILN_CHROMIUM: expected an executable browser, got ${chosen}`);
    return chosen;
  }
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find(isExecutable);
  return onPath ?? PLACES.find(isExecutable);
}

/** Path of a browser, installing Debian's `chromium` when run as root there. Throws with the exact command otherwise. */
export function ensureChromium(): string {
  const found = findChromium();
  if (found) return found;
  const isDebian = existsSync("/etc/debian_version");
  if (isDebian && process.getuid?.() === 0) {
    console.log("No Chrome, Chromium or Edge found: installing Debian's chromium package.");
    spawnSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
    execFileSync("apt-get", ["install", "-y", "-qq", "chromium"], {
      stdio: "inherit",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    const installed = findChromium();
    if (installed) return installed;
  }
  throw new Error(
    isDebian
      ? "No Chrome, Chromium or Edge found. Run: sudo apt-get install -y chromium"
      : "No Chrome, Chromium or Edge found. Install one of them, or set KILN_CHROMIUM to its executable.",
  );
}
