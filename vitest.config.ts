// Unit tests: numbers and bytes in Node, no browser. Browser tests have a config of their own.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/unit/**/*.test.ts"], testTimeout: 60_000 },
});
