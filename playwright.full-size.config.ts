// The tests that need 2 GB files, 4 GB of disk and minutes: `npm run test:full-size`, not part of `npm test`.

import { defineConfig } from "@playwright/test";

export default defineConfig({ testDir: "tests/full-size", timeout: 1_800_000, workers: 1 });
