// How the built app behaves on a plain static host: below a sub-path, installable, within its size.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "@playwright/test";
import { startAppServer } from "../../scripts/app-server.ts";
import { fillRecipe, generatePicture } from "./support.ts";

const DIST = join(import.meta.dirname, "../../dist");
const MAX_INITIAL_SCRIPT_BYTES = 200_000; // compressed

test("the app works below a sub-path", async ({ page }) => {
  const server = await startAppServer({ folder: DIST, port: 0, basePath: "/some/kiln/" });
  try {
    const outside: string[] = [];
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && !url.pathname.startsWith("/some/kiln/"))
        outside.push(request.url());
    });
    await page.goto(server.url);
    await fillRecipe(page, "a green hill", { steps: 1 });
    await generatePicture(page, "a green hill");
    expect(outside).toEqual([]);
  } finally {
    await server.close();
  }
});

test("the manifest and its icons make the app installable", async ({ page, request }) => {
  const server = await startAppServer({ folder: DIST, port: 0 });
  try {
    await page.goto(server.url);
    const href = await page.locator('link[rel="manifest"]').getAttribute("href");
    const url = new URL(href!, server.url).href;
    const manifest = (await (await request.get(url)).json()) as {
      name: string;
      display: string;
      icons: { src: string; sizes: string }[];
      screenshots: { src: string }[];
    };
    expect(manifest.name).toBe("Kiln");
    expect(manifest.display).toBe("standalone");
    expect(manifest.icons.map(({ sizes }) => sizes)).toEqual(expect.arrayContaining(["192x192", "512x512"]));
    for (const { src } of [...manifest.icons, ...manifest.screenshots]) {
      expect((await request.get(new URL(src, url).href)).status(), src).toBe(200);
    }
  } finally {
    await server.close();
  }
});

test("the script needed for the first paint stays small", async ({ page }) => {
  const server = await startAppServer({ folder: DIST, port: 0 });
  try {
    const scripts = new Set<string>();
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      // The workers and the runtime load after the first paint.
      if (pathname.endsWith(".js") && !/worker|\/ort\./.test(pathname)) scripts.add(pathname);
    });
    await page.goto(server.url);
    await page.getByRole("button", { name: "Generate", exact: true }).waitFor();
    const sizes = [...scripts].map((pathname) => gzipSync(readFileSync(join(DIST, pathname))).length);
    expect(sizes.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(MAX_INITIAL_SCRIPT_BYTES);
  } finally {
    await server.close();
  }
});
