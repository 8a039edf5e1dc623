// Civitai end to end in the built app: a pasted address, texts that try to break the page, and a file that no web app may
// read. The service's own addresses are answered by the test host; nothing in the app is replaced.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, type Route } from "@playwright/test";
import { startCivitaiHost, sha256OfVersion } from "../support/civitai-host.ts";
import { HOSTILE_MODEL, NAMED_MODEL, NAMED_VERSION } from "../support/civitai-host-names.ts";
import { openPage, SHIPPED_MODELS, test } from "./support.ts";

const ADDRESS = `https://civitai.com/models/${NAMED_MODEL}?modelVersionId=${NAMED_VERSION}`;
const FILE = join(import.meta.dirname, "../fixtures/models/tiny.safetensors");
const BYTES = readFileSync(FILE);
const SHA256 = createHash("sha256").update(BYTES).digest("hex");
const OTHER_BYTES = Buffer.from(BYTES.map((byte, i) => (i === BYTES.length - 1 ? byte ^ 1 : byte)));
const PICTURES = "https://image.civitai.com";

// What a service worker asks for does not pass Playwright's routes.
test.use({ serviceWorkers: "block" });

interface Service {
  /** What the page sent, as "METHOD path". */
  readonly asked: string[];
  close(): Promise<void>;
}

/**
 * Answers for civitai.com. The file of every version is the tiny model, whose hash stands for the one that the host claims
 * for `version`. `readable` says whether a page may read it.
 */
async function serveCivitai(
  page: Page,
  version: number,
  { readable = true }: { readonly readable?: boolean } = {},
): Promise<Service> {
  const host = await startCivitaiHost();
  const claimed = sha256OfVersion(version);
  const toHost = (text: string): string => text.replace(new RegExp(SHA256, "gi"), claimed);
  const toPage = (text: string): string =>
    text
      .replaceAll(claimed.toUpperCase(), SHA256.toUpperCase())
      .replaceAll(`${host.origin}/pictures`, `${PICTURES}/pictures`);
  const asked: string[] = [];
  const forward = async (route: Route): Promise<void> => {
    const request = route.request();
    const { pathname, search, hostname } = new URL(request.url());
    asked.push(`${request.method()} ${pathname}${search}`);
    if (pathname.startsWith("/api/download/")) {
      // As storage that lets only its own site read; without a header Playwright would add one.
      const headers = { "Access-Control-Allow-Origin": readable ? "*" : "https://civitai.com" };
      await route.fulfill({ status: 200, headers, contentType: "application/octet-stream", body: BYTES });
      return;
    }
    const body = request.postData();
    const ask = (): Promise<Response> =>
      fetch(host.origin + toHost(pathname) + search, {
        method: request.method(),
        ...(body !== null && { body: toHost(body), headers: { "Content-Type": "application/json" } }),
      });
    // A connection that was kept may have been closed by the host just now.
    const answer = await ask().catch(ask);
    const headers = Object.fromEntries(answer.headers);
    if (hostname !== "civitai.com") {
      await route.fulfill({ status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) });
      return;
    }
    await route.fulfill({ status: answer.status, headers, body: toPage(await answer.text()) });
  };
  await page.context().route(/^https:\/\/(image\.)?civitai\.com\//, forward);
  return {
    asked,
    // What the page still asks for at the end of a test meets nobody.
    async close() {
      await page.context().unrouteAll({ behavior: "ignoreErrors" });
      await host.close();
    },
  };
}

async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    const options = { clipboardData, bubbles: true, composed: true };
    document.body.dispatchEvent(new ClipboardEvent("paste", options));
  }, text);
}

/**
 * Everything that would show that something foreign ran. Reports of the policy are no such thing: Chromium writes one for every
 * handler in a text while the sanitiser reads it, in a document that runs nothing.
 */
function watchForHarm(page: Page): string[] {
  const harm: string[] = [];
  page.on("dialog", (dialog) => {
    harm.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => harm.push(error.message));
  return harm;
}

async function startApp(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page.getByRole("button", { name: "Generate", exact: true })).toBeVisible();
  await openPage(page, "Models");
  await expect(page.getByLabel("Model address")).toBeVisible();
}

test("an address pasted anywhere in the library finds the version, and it arrives described", async ({
  page,
  server,
}) => {
  const service = await serveCivitai(page, NAMED_VERSION);
  try {
    await startApp(page, server.url);
    await page.getByRole("link", { name: "Storage", exact: true }).click();
    await expect(page.getByRole("button", { name: "Quick check" })).toBeVisible();
    await paste(page, ADDRESS);
    await expect(page.getByLabel("Model address")).toHaveValue(ADDRESS);
    await page.getByRole("button", { name: "Find", exact: true }).click();
    const found = page.getByRole("region", { name: "What was found" });
    await expect(found).toContainText(`Model ${NAMED_MODEL} v2`);
    await expect(found).toContainText(`model-${NAMED_VERSION}.safetensors`);
    expect(service.asked).toContain(`GET /api/v1/model-versions/${NAMED_VERSION}`);

    await found.getByRole("button", { name: /^Download/ }).click();
    const row = page.getByRole("list", { name: "Download queue" }).getByRole("listitem").first();
    await expect(row).toContainText("In your library", { timeout: 60_000 });
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    const models = page.getByRole("list", { name: "Models on this device" });
    await expect(models.getByRole("listitem")).toHaveCount(SHIPPED_MODELS + 1);
    await expect(models.getByRole("button", { name: "second", exact: true })).toBeVisible();

    await page.getByRole("link", { name: "Browse Civitai", exact: true }).click();
    await page.getByRole("button", { name: "Agree and browse" }).click();
    await expect(page.getByLabel("Search Civitai")).toBeVisible();
    await paste(page, ADDRESS);
    const details = page.getByRole("dialog", { name: `Model ${NAMED_MODEL}`, exact: true });
    await expect(details).toContainText("already", { ignoreCase: true });
  } finally {
    await service.close();
  }
});

test("texts that try to run are shown as text, and a file name that climbs stays inside", async ({
  page,
  server,
}) => {
  const harm = watchForHarm(page);
  const service = await serveCivitai(page, HOSTILE_MODEL * 10 + 2);
  try {
    await startApp(page, server.url);
    await page.getByLabel("Model address").fill(`https://civitai.com/models/${HOSTILE_MODEL}`);
    await page.getByRole("button", { name: "Find", exact: true }).click();
    const found = page.getByRole("region", { name: "What was found" });
    await expect(found).toContainText("<script>alert(1)</script>.safetensors");
    await found.getByRole("button", { name: /^Download/ }).click();
    const row = page.getByRole("list", { name: "Download queue" }).getByRole("listitem").first();
    await expect(row).toContainText("In your library", { timeout: 60_000 });
    await page.getByRole("button", { name: "Allow", exact: true }).click();

    const models = page.getByRole("list", { name: "Models on this device" });
    const word = `<img src=x onerror="alert(1)">`;
    await expect(models.getByRole("button", { name: word, exact: true })).toBeVisible();
    await row.getByRole("button", { name: "Show", exact: true }).click();
    const details = page.getByRole("dialog", { name: /^Details of/ });
    await expect(details.getByText("text", { exact: true }).first()).toBeVisible();
    await details.getByText("Edit", { exact: true }).click();
    await details.getByRole("button", { name: word, exact: true }).click();
    await page.keyboard.press("Escape");

    await page.getByRole("link", { name: "Browse Civitai", exact: true }).click();
    await page.getByRole("button", { name: "Agree and browse" }).click();
    await expect(page.getByLabel("Search Civitai")).toBeVisible();
    await paste(page, `https://civitai.com/models/${HOSTILE_MODEL}`);
    await expect(page.getByRole("dialog", { name: `<script>alert("name")</script>` })).toBeVisible();
    await page.keyboard.press("Escape");

    const paths = await page.evaluate(async () => {
      const found: string[] = [];
      const visit = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
        for await (const [name, handle] of folder.entries()) {
          if (handle.kind === "file") found.push(`${path}${name}`);
          else await visit(handle, `${path}${name}/`);
        }
      };
      await visit(await navigator.storage.getDirectory(), "");
      return found.filter((path) => path.endsWith(".safetensors"));
    });
    expect(paths).toHaveLength(1);
    expect(paths[0]).toMatch(new RegExp(`^models/${SHA256}/[^/<>]+$`));
    expect(harm).toEqual([]);
  } finally {
    await service.close();
  }
});

test("a file that web apps may not read is saved the usual way, picked, and takes its place", async ({
  page,
  server,
}) => {
  const service = await serveCivitai(page, NAMED_VERSION, { readable: false });
  try {
    await startApp(page, server.url);
    await page.getByLabel("Model address").fill(ADDRESS);
    await page.getByRole("button", { name: "Find", exact: true }).click();
    await page.getByRole("button", { name: /^Download/ }).click();
    const rows = page.getByRole("list", { name: "Download queue" }).getByRole("listitem");
    await expect(rows).toHaveCount(1);
    const link = rows.getByRole("link", { name: "Open the page" });
    await expect(link).toBeVisible({ timeout: 30_000 });
    expect(await link.getAttribute("href")).toMatch(/^https:\/\/civitai\.com\//);

    const picker = rows.getByLabel("Downloaded file");
    const other = { name: "other.safetensors", mimeType: "application/octet-stream", buffer: OTHER_BYTES };
    await picker.setInputFiles(other);
    await expect(page.getByText("another file than the one that is missing")).toBeVisible();
    await picker.setInputFiles(FILE);
    await expect(rows).toContainText("In your library", { timeout: 60_000 });
    await expect(rows).toHaveCount(1);
    const models = page.getByRole("list", { name: "Models on this device" });
    await expect(models.getByText(SHA256.slice(0, 10).toUpperCase())).toBeVisible();
  } finally {
    await service.close();
  }
});
