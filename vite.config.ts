// Build of the app: relative base (any static host, any sub-path), ES workers, the manifest of models and the service worker.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import { clipVocabulary } from "./scripts/clip-vocabulary.ts";
import { LIT_DECORATORS } from "./scripts/lit-decorators.ts";
import { parseManifest } from "./src/protocol/model-manifest.ts";

const root = import.meta.dirname;
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

// The runtime's wasm is 17 or 27 MB and the embedded model up to 30 MB; everything else is far smaller.
const MAX_PRECACHED_BYTES = 40 * 1024 * 1024;

interface GeneratedFile {
  readonly path: string;
  readonly type: string;
  readonly read: () => string;
}

/** Files of the app that are made rather than copied. The manifest is refused when it is not valid. */
const GENERATED_FILES: readonly GeneratedFile[] = [
  {
    path: "models-manifest.json",
    type: "application/json",
    read: () => {
      const source = readFileSync(join(root, "models-manifest.json"), "utf8");
      parseManifest(JSON.parse(source));
      return source;
    },
  },
  {
    path: "tokenizers/clip/vocab.json",
    type: "application/json",
    read: () => clipVocabulary().vocabJson,
  },
  { path: "tokenizers/clip/merges.txt", type: "text/plain", read: () => clipVocabulary().mergesText },
];

function generatedFiles(): Plugin {
  return {
    name: "kiln-generated-files",
    configureServer(server) {
      for (const { path, type, read } of GENERATED_FILES) {
        server.middlewares.use(`/${path}`, (_request, response) => {
          response.setHeader("Content-Type", type);
          response.end(read());
        });
      }
    },
    generateBundle() {
      for (const { path, read } of GENERATED_FILES)
        this.emitFile({ type: "asset", fileName: path, source: read() });
    },
  };
}

export default defineConfig({
  base: "./",
  define: { __KILN_VERSION__: JSON.stringify(version) },
  worker: { format: "es" },
  oxc: LIT_DECORATORS,
  optimizeDeps: { exclude: ["onnxruntime-web"] },
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    rollupOptions: { input: { index: join(root, "index.html"), headless: join(root, "headless.html") } },
  },
  plugins: [
    generatedFiles(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "service-worker.ts",
      injectRegister: false,
      injectManifest: {
        globPatterns: ["**/*.{html,js,mjs,css,svg,png,webp,woff2,json,txt,wasm,safetensors,webmanifest}"],
        globIgnores: ["headless.html", "assets/headless-*.js", "screenshots/**"],
        maximumFileSizeToCacheInBytes: MAX_PRECACHED_BYTES,
      },
      manifest: {
        id: "./",
        name: "Kiln",
        short_name: "Kiln",
        description:
          "Stable Diffusion that lives in a browser tab: pictures from words, offline, on this device.",
        start_url: "./",
        scope: "./",
        display: "standalone",
        background_color: "#16161a",
        theme_color: "#16161a",
        categories: ["graphics", "productivity"],
        icons: [
          { src: "icons/icon.svg", sizes: "any", type: "image/svg+xml" },
          { src: "icons/icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "icons/icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "icons/icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
        screenshots: [
          { src: "screenshots/desktop.png", sizes: "1440x900", type: "image/png", form_factor: "wide" },
          { src: "screenshots/phone.png", sizes: "390x844", type: "image/png", form_factor: "narrow" },
        ],
      },
    }),
  ],
});
