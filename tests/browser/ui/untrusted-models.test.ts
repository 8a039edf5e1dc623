// What strangers wrote about models, shown: never run, never followed, and blurred above the chosen level.

import { beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import { AppError, serializeError } from "../../../src/protocol/app-error.ts";
import { clearStorage, openApp } from "../../support/ui-app.ts";
import { catalogModel, SEEDED_DOWNLOADS, seedLibrary, seedModel } from "../../support/ui-library-seed.ts";

const ATTACK = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
const PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";

const button = (name: string) => page.getByRole("button", { name, exact: true });

/** Everything in the document, shadow roots included. */
function allElements(root: ParentNode = document): readonly Element[] {
  return [...root.querySelectorAll("*")].flatMap((element) => [
    element,
    ...(element.shadowRoot ? allElements(element.shadowRoot) : []),
  ]);
}

/** Nothing of the attack became an element, and nothing of it ran. */
async function expectHarmless(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300)); // a handler would run when the picture fails to load
  const elements = allElements();
  expect(
    elements.filter((element) => element.getAttributeNames().some((name) => name.startsWith("on"))),
  ).toEqual([]);
  expect(
    elements.filter(({ localName, textContent }) => localName === "script" && textContent.includes("owned")),
  ).toEqual([]);
  expect(elements.filter((element) => /^javascript:/i.test(element.getAttribute("href") ?? ""))).toEqual([]);
  expect(document.title).not.toContain("owned");
}

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
  document.title = "Kiln";
});

test("names, files, words, tags, notes and descriptions of models stay text", async () => {
  const { app, library } = await openApp();
  seedLibrary(library, 2);
  const { id } = seedModel(1);
  library.models = library.models.map((model) =>
    model.id === id ? { ...model, fileName: `${ATTACK}.safetensors`, license: ATTACK } : model,
  );
  library.metadata.known.set(id, {
    ...library.metadata.known.get(id),
    name: ATTACK,
    file_name: `${ATTACK}.safetensors`,
    trigger_words: [ATTACK],
    tags: [ATTACK],
    notes: ATTACK,
    base_model: ATTACK,
    description: `<p>Fine</p>${ATTACK}<a href="javascript:document.title='owned'">link</a>`,
    source: "javascript:document.title='owned'",
  });
  await app.models.load();
  await app.metadata.refresh();
  location.hash = "#/models";
  await button(`Details of ${ATTACK}`).click();
  await expect.element(page.getByText("Fine", { exact: true })).toBeVisible();
  await expectHarmless();
});

test("titles, file names and errors of downloads stay text", async () => {
  const { app, library } = await openApp();
  const error = serializeError(new AppError("AccessDenied", ATTACK));
  library.downloads.entries = [
    { ...SEEDED_DOWNLOADS[2], title: ATTACK, fileName: ATTACK, pageUrl: "javascript:alert(1)", error },
  ];
  library.downloads.contents.set("https://example.org/a.safetensors", {
    source: "direct",
    title: ATTACK,
    pageUrl: "javascript:document.title='owned'",
    files: [{ address: "https://example.org/a.safetensors", fileName: ATTACK, primary: true }],
  });
  await app.downloads.load();
  location.hash = "#/models";
  await expect.element(button("Pick the file")).toBeVisible();
  await page.getByLabelText("Model address", { exact: true }).fill("https://example.org/a.safetensors");
  await button("Find").click();
  await expect.element(page.getByRole("list", { name: "Files" })).toBeVisible();
  await expectHarmless();
});

test("what the catalogue says stays text", async () => {
  const { app, library } = await openApp();
  const model = catalogModel(0);
  const version = {
    ...model.versions[0],
    name: ATTACK,
    baseModel: ATTACK,
    triggerWords: [ATTACK],
    description: ATTACK,
  };
  const files = version.files.map((file) => ({ ...file, name: ATTACK, type: ATTACK, format: ATTACK }));
  library.civitai.models = [
    {
      ...model,
      ...{ name: ATTACK, creator: ATTACK, tags: [ATTACK], description: `<b>Fine</b>${ATTACK}` },
      versions: [
        { ...version, files, images: [{ url: "javascript:alert(1)", type: "image", nsfwLevel: 1 }] },
      ],
    },
  ];
  await app.settings.set("browsesCivitai", true);
  location.hash = "#/models/civitai";
  await page.getByLabelText("Search Civitai", { exact: true }).fill("img");
  await app.civitai.search({});
  await button(`Open ${ATTACK}`).click();
  await expect.element(page.getByText("Fine", { exact: true })).toBeVisible();
  await expectHarmless();
});

test("pictures above the chosen level are blurred until they are asked for", async () => {
  const { app, library } = await openApp();
  const model = catalogModel(4, PICTURE);
  expect(model.versions[0].images[0].nsfwLevel).toBe(8);
  library.civitai.models = [model, catalogModel(0, PICTURE)];
  await app.settings.set("browsesCivitai", true);
  location.hash = "#/models/civitai";
  await expect.element(page.getByLabelText("Search Civitai", { exact: true })).toBeVisible();
  await app.civitai.search({});
  await expect.element(button("Open Harbour Dreams 4")).toBeVisible();
  const blurred = (): number =>
    allElements().filter(({ localName, classList }) => localName === "span" && classList.contains("blurred"))
      .length;
  await expect.poll(blurred).toBe(1);
  await button("Open Harbour Dreams 4").click();
  await button("Show this picture").first().click();
  await expect.poll(() => button("Show this picture").elements()).toEqual([]);
  app.civitai.close();
  await app.settings.set("contentLevel", "X");
  await expect.poll(blurred).toBe(0);
});
