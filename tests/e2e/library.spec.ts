// A model from an address to a picture, in the built app: recognised, downloaded with progress, verified, kept across a
// reload, used. The host is the tests' own server; nothing in the app is replaced.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { startModelHost } from "../support/model-host.ts";
import { fillRecipe, generatePicture, openPage, test } from "./support.ts";

const PROMPT = "a green meadow with a big tree, sunny day";
const EMBEDDED = join(import.meta.dirname, "../../public/models/kiln-small/kiln-small.safetensors");
const PATH = "/files/own-model.safetensors";
// Slow enough that progress is seen, quick enough for a test.
const CHUNK = 1024 * 1024;
const CHUNK_MS = 120;

async function sendSlowly(response: ServerResponse, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && !response.destroyed; at += CHUNK) {
    response.write(bytes.subarray(at, at + CHUNK));
    await new Promise((resolve) => setTimeout(resolve, CHUNK_MS));
  }
  response.end();
}

test("a pasted address becomes a verified model that draws, also after a reload", async ({
  page,
  server,
}) => {
  // The embedded model with one letter of its metadata changed: the same network in a file of another hash.
  const bytes = readFileSync(EMBEDDED);
  bytes.write("J", bytes.indexOf("Kiln contributors"));
  const shortHash = createHash("sha256").update(bytes).digest("hex").slice(0, 10).toUpperCase();
  const host = await startModelHost((request, response, url) => {
    if (url.pathname !== PATH) return false;
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "*");
    if (request.method === "OPTIONS") {
      response.end();
      return true;
    }
    response.setHeader("Content-Length", bytes.length);
    void sendSlowly(response, bytes);
    return true;
  });
  try {
    await page.goto(server.url);
    await openPage(page, "Models");
    await page.getByLabel("Model address").fill(host.url + PATH);
    await page.getByRole("button", { name: "Find", exact: true }).click();
    await page.getByRole("button", { name: /^Download/ }).click();
    const row = page.getByRole("list", { name: "Download queue" }).getByRole("listitem").first();
    await expect(row).toContainText(/Downloading · .* of 29\.2 MB · \d+ % · .*\/s/, { timeout: 30_000 });
    await expect(row).toContainText("In your library", { timeout: 120_000 });

    const models = page.getByRole("list", { name: "Models on this device" });
    await expect(models.getByRole("listitem")).toHaveCount(2);
    await expect(models.getByText(shortHash)).toBeVisible();
    await page.reload();
    await expect(models.getByText(shortHash)).toBeVisible({ timeout: 30_000 });

    await models.getByRole("button", { name: "Use", exact: true }).click();
    await fillRecipe(page, PROMPT, { steps: 1 });
    await generatePicture(page, PROMPT);
  } finally {
    await host.close();
  }
});
