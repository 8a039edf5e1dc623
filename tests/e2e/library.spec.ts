// A model from an address to a picture, in the built app: recognised, downloaded with progress, resumed after a reload,
// verified, described, used. The host is the tests' own server; nothing in the app is replaced.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { type ModelHost, startModelHost } from "../support/model-host.ts";
import { fillRecipe, generatePicture, openPage, SHIPPED_MODELS, test } from "./support.ts";

const PROMPT = "a green meadow with a big tree, sunny day";
const EMBEDDED = join(import.meta.dirname, "../../public/models/kiln-small/kiln-small.safetensors");
const PATH = "/files/own-model.safetensors";
const ETAG = '"own-model-1"';
// Slow enough that it is still arriving when the page is reloaded, quick enough for a test.
const CHUNK = 512 * 1024;
const CHUNK_MS = 150;

async function sendSlowly(response: ServerResponse, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && !response.destroyed; at += CHUNK) {
    response.write(bytes.subarray(at, at + CHUNK));
    await new Promise((resolve) => setTimeout(resolve, CHUNK_MS));
  }
  response.end();
}

/** The embedded model with one letter of its metadata changed: the same network in a file of another hash. */
function ownModel(): Buffer {
  const bytes = readFileSync(EMBEDDED);
  bytes.write("J", bytes.indexOf("Kiln contributors"));
  return bytes;
}

/** Serves `bytes` at PATH as a well-behaved host does, and notes where each answer started. */
function startHost(bytes: Buffer, starts: number[]): Promise<ModelHost> {
  return startModelHost((request, response, url) => {
    if (url.pathname !== PATH) return false;
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "*");
    response.setHeader("Access-Control-Expose-Headers", "ETag, Content-Range");
    if (request.method === "OPTIONS") {
      response.end();
      return true;
    }
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    starts.push(from);
    response.statusCode = from > 0 ? 206 : 200;
    response.setHeader("ETag", ETAG);
    response.setHeader("Content-Length", bytes.length - from);
    if (from > 0) response.setHeader("Content-Range", `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    void sendSlowly(response, bytes.subarray(from));
    return true;
  });
}

test("a pasted address arrives across a reload, is verified, described, used, and draws", async ({
  page,
  server,
}) => {
  const bytes = ownModel();
  const shortHash = createHash("sha256").update(bytes).digest("hex").slice(0, 10).toUpperCase();
  const starts: number[] = [];
  const host = await startHost(bytes, starts);
  try {
    await page.goto(server.url);
    await openPage(page, "Models");
    await page.getByLabel("Model address").fill(host.url + PATH);
    await page.getByRole("button", { name: "Find", exact: true }).click();
    await page.getByRole("button", { name: /^Download/ }).click();
    const row = page.getByRole("list", { name: "Download queue" }).getByRole("listitem").first();
    await expect(row).toContainText(/Downloading · .* of 29\.2 MB · [1-9]\d? % · .*\/s/, { timeout: 30_000 });

    await page.reload();
    await expect(row).toContainText("In your library", { timeout: 120_000 });
    // What was on disk was not sent again.
    expect(starts.at(-1)).toBeGreaterThan(0);

    const models = page.getByRole("list", { name: "Models on this device" });
    await expect(models.getByRole("listitem")).toHaveCount(SHIPPED_MODELS + 1);
    await expect(models.getByText(shortHash)).toBeVisible();
    await row.getByRole("button", { name: "Show", exact: true }).click();
    const details = page.getByRole("dialog", { name: /^Details of/ });
    await expect(details).toContainText(shortHash);
    await details.getByRole("button", { name: "Edit", exact: true }).click();
    await details.getByLabel("Notes", { exact: true }).fill("Arrived across a reload.");
    await details.getByLabel("Notes", { exact: true }).press("Tab");
    await expect(details.getByRole("paragraph").getByText("Arrived across a reload.")).toBeVisible();
    await page.keyboard.press("Escape");

    await models.getByRole("button", { name: "Use", exact: true }).click();
    await fillRecipe(page, PROMPT, { steps: 1 });
    await generatePicture(page, PROMPT);
  } finally {
    await host.close();
  }
});
