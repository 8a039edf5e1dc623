// End-to-end tests on the built app. Each test starts (and stops) the server it needs.

import { defineConfig } from "@playwright/test";
import { CHROMIUM_ARGS, ensureChromium } from "./scripts/chromium.ts";

export default defineConfig({
  testDir: "tests/e2e",
  globalSetup: "./tests/e2e/global-setup.ts",
  timeout: 240_000,
  expect: { timeout: 30_000 },
  workers: 1,
  // A whole browser on a busy machine may stumble once. What passes only the second time is named at the end of the run.
  retries: 1,
  forbidOnly: process.env.CI === "true",
  use: {
    browserName: "chromium",
    viewport: { width: 1440, height: 900 },
    serviceWorkers: "allow",
    launchOptions: { executablePath: ensureChromium(), args: [...CHROMIUM_ARGS] },
  },
});
