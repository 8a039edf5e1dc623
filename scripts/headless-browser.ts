// Drives the built app's headless entry in Chromium from Node: one server, one browser, one page. Knows nothing of the command line.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import type {
  HeadlessBenchmarkRequest,
  HeadlessGeneration,
  HeadlessRequest,
  HeadlessUpscale,
  HeadlessUpscaleRequest,
} from "../src/headless.ts";
import type { BenchmarkProgress, BenchmarkReport } from "../src/protocol/benchmark-api.ts";
import type { DevicePreference, DeviceReport } from "../src/protocol/engine-api.ts";
import type { ModelRecord } from "../src/protocol/library-api.ts";
import { startAppServer } from "./app-server.ts";
import { chromiumArgsForWork, ensureChromium } from "./chromium.ts";
import { ensureBuild } from "./ensure-build.ts";

export interface HeadlessBrowser {
  readonly page: Page;
  start(device: DevicePreference): Promise<DeviceReport>;
  listModels(): Promise<readonly ModelRecord[]>;
  /** Takes a local model file or folder through the same import a user's drop takes. */
  importModel(path: string): Promise<ModelRecord>;
  generate(request: HeadlessRequest): Promise<HeadlessGeneration>;
  /** Enlarges a local picture file. */
  upscale(path: string, request: HeadlessUpscaleRequest): Promise<HeadlessUpscale>;
  /** Measures the device; `paths` are weights and exports, named as client/benchmark-files.ts says. Rejects with why not. */
  benchmark(
    request: HeadlessBenchmarkRequest,
    paths: readonly string[],
    onProgress: (progress: BenchmarkProgress) => void,
  ): Promise<BenchmarkReport>;
  close(): Promise<void>;
}

/** Builds the app when needed and opens its headless entry. The caller closes it. */
export async function openHeadlessBrowser(): Promise<HeadlessBrowser> {
  const folder = await ensureBuild(join(import.meta.dirname, ".."));
  const server = await startAppServer({ folder, port: 0 });
  const profile = mkdtempSync(join(tmpdir(), "kiln-headless-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: ensureChromium(),
    args: [...chromiumArgsForWork(), "--enable-precise-memory-info"],
    serviceWorkers: "block",
  });
  const close = async (): Promise<void> => {
    await context.close();
    await server.close();
    rmSync(profile, { recursive: true, force: true });
  };
  try {
    const page = await context.newPage();
    // A page that dies must end the call instead of leaving it waiting.
    const crashed = new Promise<never>((_, reject) => {
      page.on("crash", () => reject(new Error("The browser page crashed, most likely out of memory.")));
    });
    crashed.catch(() => undefined);
    page.on("pageerror", (error) => console.error(`page: ${error.message}`));
    await page.goto(`${server.url}headless.html`);
    await page.waitForFunction(() => "kilnHeadless" in window);
    return {
      page,
      start: (device) => Promise.race([crashed, page.evaluate((d) => window.kilnHeadless.start(d), device)]),
      listModels: () => Promise.race([crashed, page.evaluate(() => window.kilnHeadless.listModels())]),
      importModel: async (path) => {
        const folder = statSync(path).isDirectory();
        await page.setInputFiles(folder ? "#model-folder" : "#model-file", path);
        const imported = folder
          ? page.evaluate(() => window.kilnHeadless.importChosenFolder())
          : page.evaluate(() => window.kilnHeadless.importChosenFile());
        return Promise.race([crashed, imported]);
      },
      generate: (request) =>
        Promise.race([crashed, page.evaluate((r) => window.kilnHeadless.generate(r), request)]),
      upscale: async (path, request) => {
        await page.setInputFiles("#picture-file", path);
        return Promise.race([
          crashed,
          page.evaluate((r) => window.kilnHeadless.upscaleChosenFile(r), request),
        ]);
      },
      benchmark: async (request, paths, onProgress) => {
        await page.setInputFiles("#benchmark-files", [...paths]);
        await page.exposeFunction("onKilnProgress", onProgress);
        const result = await Promise.race([
          crashed,
          page.evaluate((r) => window.kilnHeadless.benchmark(r), request),
        ]);
        if (result.outcome === "finished") return result.report;
        throw new Error(`${result.error.name}: ${result.error.message}`);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
