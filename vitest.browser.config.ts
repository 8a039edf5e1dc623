// Browser tests: OPFS, IndexedDB, the runtime and Lit elements in a real Chromium, with a software WebGPU adapter.

import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { CHROMIUM_ARGS, ensureChromium } from "./scripts/chromium.ts";
import { LIT_DECORATORS } from "./scripts/lit-decorators.ts";

export default defineConfig({
  define: { __KILN_VERSION__: JSON.stringify("0.0.0-test") },
  worker: { format: "es" },
  oxc: LIT_DECORATORS,
  // Found before the first test: a dependency that is found later reloads the page under a running test.
  optimizeDeps: {
    exclude: ["onnxruntime-web"],
    include: [
      ...["details", "dialog", "drawer", "progress-bar", "switch", "tooltip"].map(
        (name) => `@awesome.me/webawesome/dist/components/${name}/${name}.js`,
      ),
      "@awesome.me/webawesome/dist/components/icon/library.js",
      "@lit-labs/virtualizer",
      "@lit-labs/virtualizer/layouts/grid.js",
      "dompurify",
      "lit/directives/repeat.js",
      "lit/directives/style-map.js",
      "lit/directives/unsafe-svg.js",
    ],
  },
  test: {
    include: ["tests/browser/**/*.test.ts"],
    globalSetup: ["tests/support/civitai-host-setup.ts", "tests/support/model-host-setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // The default of one second is less than a busy machine with two cores may take to draw a page.
    expect: { poll: { timeout: 30_000 } },
    // As in the end-to-end tests: a busy machine may stumble once; the report marks what needed it.
    retry: 1,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      // Tests may collect the garbage, to show that nothing which is waited for is taken for it.
      provider: playwright({
        launchOptions: {
          executablePath: ensureChromium(),
          args: [...CHROMIUM_ARGS, "--js-flags=--expose-gc"],
        },
      }),
      instances: [{ browser: "chromium" }],
    },
  },
});
