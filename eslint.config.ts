// Lint rules: strict typed TypeScript everywhere, template rules for Lit, and no platform globals in pure folders.

import js from "@eslint/js";
import { configs as lit } from "eslint-plugin-lit";
import litA11y from "eslint-plugin-lit-a11y";
import { configs as wc } from "eslint-plugin-wc";
import globals from "globals";
import tseslint from "typescript-eslint";

const PURE = ["sampling", "prompt", "weights", "onnx", "models", "pipeline", "imaging", "protocol", "shared"];

export default tseslint.config(
  {
    ignores: [
      "dist/",
      "node_modules/",
      "public/",
      "tools/",
      "tests/fixtures/",
      "src/ui/locales/generated/",
      "test-results/",
      "playwright-report/",
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.page.json", "./tsconfig.worker.json", "./tsconfig.tests.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/unbound-method": "off",
      "no-restricted-syntax": [
        "error",
        {
          selector: "ExportDefaultDeclaration",
          message: "Named exports only: the path and the name are the documentation.",
        },
      ],
    },
  },
  { files: ["src/ui/**/*.ts"], ...lit["flat/recommended"] },
  { files: ["src/ui/**/*.ts"], ...wc["flat/recommended"] },
  {
    files: ["src/ui/**/*.ts"],
    plugins: { "lit-a11y": litA11y },
    rules: { ...litA11y.configs.recommended.rules },
  },
  {
    files: PURE.map((folder) => `src/${folder}/**/*.ts`),
    rules: {
      "no-restricted-globals": [
        "error",
        ...[
          "navigator",
          "self",
          "fetch",
          "indexedDB",
          "caches",
          "document",
          "window",
          "postMessage",
          "localStorage",
        ],
      ],
    },
  },
  {
    files: ["*.config.ts", "scripts/**/*.ts", "tests/e2e/global-setup.ts"],
    languageOptions: { globals: globals.node },
    rules: { "no-restricted-syntax": "off" },
  },
);
