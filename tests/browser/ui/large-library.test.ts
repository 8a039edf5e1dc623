// Two thousand models: real records in the real database, read by the real worker. How long the page takes, and how little
// of it is in the document.

import { deleteDB } from "idb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import { LibraryClient } from "../../../src/client/library-client.ts";
import { openPageStorage } from "../../../src/gallery/page-storage.ts";
import { openLibraryDatabase } from "../../../src/library/library-database.ts";
import type { ModelManifest } from "../../../src/protocol/model-manifest.ts";
import { AppUpdates } from "../../../src/ui/controllers/app-updates.ts";
import { mountApp } from "../../../src/ui/mount-app.ts";
import { FakeBenchmark } from "../../support/fake-benchmark.ts";
import { countShippedModels } from "../../support/shipped-models.ts";
import { clearStorage } from "../../support/ui-app.ts";
import { FakeEngine } from "../../support/ui-fakes.ts";
import { seedModel } from "../../support/ui-library-seed.ts";

const MODELS = 2_000;
// Generous for a busy test machine; a laptop takes a small part of it.
const MAX_START_MS = 30_000;
const MAX_SEARCH_MS = 15_000;
// A screen of 1440 x 900 shows 18 cards; the virtualizer keeps some more around them.
const MAX_CARDS = 60;
const MAX_NODES = 6_000;

const clearLibrary = (): Promise<void> => deleteDB("kiln-library");

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
  await clearLibrary();
});
afterEach(clearLibrary);

/** Everything in the document, shadow roots included. */
function countNodes(root: ParentNode = document): number {
  return [...root.querySelectorAll("*")].reduce(
    (sum, element) => sum + 1 + (element.shadowRoot ? countNodes(element.shadowRoot) : 0),
    0,
  );
}

function countCards(root: ParentNode = document): number {
  return [...root.querySelectorAll("*")].reduce(
    (sum, element) =>
      sum +
      (element.localName === "kiln-model-card" ? 1 : 0) +
      (element.shadowRoot ? countCards(element.shadowRoot) : 0),
    0,
  );
}

test("the library starts with 2,000 records, draws what is on screen, and finds one at once", async () => {
  const database = await openLibraryDatabase();
  const transaction = database.transaction("models", "readwrite");
  for (let i = 0; i < MODELS; i++) void transaction.store.put(seedModel(i));
  await transaction.done;
  database.close();

  const storage = await openPageStorage();
  location.hash = "#/models";
  const start = performance.now();
  await mountApp(
    {
      ...{ engine: new FakeEngine(), library: new LibraryClient(), benchmark: new FakeBenchmark() },
      ...{ storage, baseUrl: `${location.origin}/` },
    },
    new AppUpdates(),
  );
  const shipped = countShippedModels((await (await fetch("/models-manifest.json")).json()) as ModelManifest);
  await expect.element(page.getByText(`${MODELS + shipped} models`), { timeout: MAX_START_MS }).toBeVisible();
  await expect.poll(() => countCards(), { timeout: MAX_START_MS }).toBeGreaterThan(10);
  expect(performance.now() - start).toBeLessThan(MAX_START_MS);
  expect(countCards()).toBeLessThan(MAX_CARDS);
  expect(countNodes()).toBeLessThan(MAX_NODES);

  const typed = performance.now();
  await page.getByLabelText("Search models", { exact: true }).fill("night market 285");
  await expect.element(page.getByText("1 model", { exact: true })).toBeVisible();
  expect(performance.now() - typed).toBeLessThan(MAX_SEARCH_MS);
  document.body.replaceChildren();
  storage.dispose();
});
