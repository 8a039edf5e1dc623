// The library as a person uses it: adding by address, downloads, cards, filters, details, batches, storage, the catalogue.
// The page is real, and so is its storage; what the library's worker would answer is in memory.

import { beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { AppError, serializeError } from "../../../src/protocol/app-error.ts";
import { clearStorage, type MountedApp, openApp } from "../../support/ui-app.ts";
import { seedCatalog, SEEDED_DOWNLOADS, seedLibrary, seedModel } from "../../support/ui-library-seed.ts";

const ADDRESS = "https://civitai.com/models/123456?modelVersionId=789012";
const FILE = "https://civitai.com/api/download/models/789012?fileId=1";
const SHA256 = "ab".repeat(32);

const field = (name: string) => page.getByLabelText(name, { exact: true });
const button = (name: string) => page.getByRole("button", { name, exact: true });
const models = () => page.getByRole("list", { name: "Models on this device" });
const dialog = (name: string) => page.getByRole("dialog", { name, exact: true });

/** What has the focus, inside all shadow roots, by its name. */
function focusedName(): string | null {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element ? (element.getAttribute("aria-label") ?? element.textContent.trim()) : null;
}

/** The first element of this name, inside all shadow roots. */
function findElement(name: string, root: ParentNode = document): Element | undefined {
  for (const element of root.querySelectorAll("*")) {
    if (element.localName === name) return element;
    const inside = element.shadowRoot && findElement(name, element.shadowRoot);
    if (inside) return inside;
  }
  return undefined;
}

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
});

/** Opens the Models page over a library of `count` seeded models. */
async function openLibrary(count: number, address = "#/models"): Promise<MountedApp> {
  const mounted = await openApp();
  seedLibrary(mounted.library, count);
  await mounted.app.models.load();
  await mounted.app.metadata.refresh();
  location.hash = address;
  return mounted;
}

test("an address is read at once, shown before it starts, and arrives with bytes, percent, speed and time left", async () => {
  const { library } = await openLibrary(0);
  const { downloads } = library;
  downloads.contents.set(ADDRESS, {
    source: "civitai",
    title: "Harbour Dreams v8",
    pageUrl: ADDRESS,
    files: [
      {
        address: FILE,
        fileName: "harbour.safetensors",
        bytes: 2e9,
        sha256: SHA256,
        primary: true,
        type: "checkpoint",
      },
      { address: `${FILE}2`, fileName: "harbour-full.safetensors", bytes: 4e9, primary: false },
    ],
  });
  await field("Model address").fill(ADDRESS);
  await expect.element(page.getByText("model 123456, version 789012")).toBeVisible();
  expect(downloads.requests).toEqual([]);
  await userEvent.keyboard("{Enter}");
  await expect.element(page.getByText("Harbour Dreams v8")).toBeVisible();
  await expect.element(page.getByText("Checkpoint · 2 GB")).toBeVisible();
  await button("Download 2 GB").click();
  await expect
    .poll(() => downloads.requests)
    .toMatchObject([{ address: FILE, sha256: SHA256, bytes: 2e9, type: "checkpoint" }]);

  const [{ id }] = downloads.entries;
  downloads.put(id, { state: "running" });
  const progress = {
    id,
    bytesDone: 1.2e9,
    bytesTotal: 2e9,
    percent: 60,
    bytesPerSecond: 12.3e6,
    secondsLeft: 65,
  };
  downloads.progress(progress);
  await expect.element(page.getByText("1.2 GB of 2 GB · 60 % · 12.3 MB/s · 1 min left")).toBeVisible();
  await button("Pause Harbour Dreams v8").click();
  await expect.element(page.getByText("Paused · 1.2 GB of 2 GB")).toBeVisible();
  await button("Resume Harbour Dreams v8").click();
  await expect.element(page.getByText("Downloading · 1.2 GB of 2 GB")).toBeVisible();

  const record = { ...seedModel(0), name: "Harbour Dreams v8" };
  library.models.push(record);
  downloads.put(id, { state: "done", modelId: record.id });
  await expect.element(models().getByText("Harbour Dreams v8")).toBeVisible();
});

test("an address that names nothing says so, and asks no host", async () => {
  await openLibrary(0);
  await field("Model address").fill("a red house by the sea");
  await expect.element(page.getByText("This names no model yet")).toBeVisible();
  await userEvent.keyboard("{Enter}");
  await expect.element(page.getByRole("alert")).toHaveTextContent("names no model that Kiln can find");
});

test("a dropped address lands in the field", async () => {
  await openLibrary(0, "#/generate");
  const data = new DataTransfer();
  data.setData("text/plain", ADDRESS);
  for (const type of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(
      new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true, composed: true }),
    );
  }
  await expect.element(field("Model address")).toHaveValue(ADDRESS);
});

test("a download that needs help says why and offers the page, the file and a token; entries are reordered", async () => {
  const { library, app } = await openLibrary(0);
  library.downloads.entries = [...SEEDED_DOWNLOADS];
  await app.downloads.load();
  const rows = page.getByRole("list", { name: "Download queue" }).getByRole("listitem");
  await expect.element(page.getByText("Civitai does not let web apps read this file")).toBeVisible();
  await expect
    .element(page.getByRole("link", { name: "Open the page" }))
    .toHaveAttribute("href", "https://civitai.com/models/3");
  await expect.element(page.getByRole("link", { name: "Add a token" })).toHaveAttribute("href", "#/settings");
  await field("Downloaded file").upload(new File(["weights"], "night.safetensors"));
  await expect
    .poll(() => library.downloads.provided)
    .toMatchObject([{ id: "d3", file: { name: "night.safetensors" } }]);
  await button("Move sd-xl-lightning-4step up").click();
  await expect.poll(() => library.downloads.entries.map(({ id }) => id)).toEqual(["d2", "d1", "d3", "d4"]);
  await expect.element(button("Move sd-xl-lightning-4step up")).toBeDisabled();
  await button("Clear finished").click();
  await expect.element(rows).toHaveLength(3);
});

test("an address from a host is never a script", async () => {
  const { library, app } = await openLibrary(0);
  const error = serializeError(new AppError("AccessDenied", "No."));
  library.downloads.entries = [{ ...SEEDED_DOWNLOADS[2], pageUrl: "javascript:alert(1)", error }];
  await app.downloads.load();
  await expect.element(button("Pick the file")).toBeVisible();
  expect(page.getByRole("link", { name: "Open the page" }).elements()).toEqual([]);
});

test("models are found by word, kind, base model, tag and favourite", async () => {
  await openLibrary(14);
  const found = page.getByRole("main").getByText(/^\d+ models?$/);
  await expect.element(found).toHaveTextContent("15 models");
  await field("Search models").fill("papercut style");
  await expect.element(found).toHaveTextContent("4 models");
  await field("Search models").fill("");
  await field("Kind").selectOptions("vae");
  await expect.element(found).toHaveTextContent("2 models");
  await field("Kind").selectOptions("");
  await button("Favourite models").click();
  await expect.element(found).toHaveTextContent("3 models");
  await button("Favourite models").click();
  await button("Add Papercut 1 to favourites").click();
  await button("Favourite models").click();
  await expect.element(found).toHaveTextContent("4 models");
});

test("Use puts a checkpoint, a LoRA, an embedding and a trigger word where they belong", async () => {
  const { app } = await openLibrary(4);
  await models().getByRole("button", { name: "Add", exact: true }).click();
  await expect
    .poll(() => app.recipe.recipe.loras)
    .toEqual([{ modelId: seedModel(1).id, unetWeight: 1, textWeight: 1 }]);
  await models().getByRole("button", { name: "Insert", exact: true }).click();
  await expect.poll(() => app.recipe.recipe.prompt).toBe("soft-grain-1");
  await models().getByRole("button", { name: "papercut style", exact: true }).click();
  await expect.poll(() => app.recipe.recipe.prompt).toBe("soft-grain-1, papercut style");
  await button("Undo").last().click();
  await expect.poll(() => app.recipe.recipe.prompt).toBe("soft-grain-1");
  await models().getByRole("button", { name: "Use", exact: true }).first().click();
  await expect.poll(() => app.recipe.recipe.modelId).toBe(seedModel(0).id);
  await expect.poll(() => location.hash).toBe("#/generate");
});

test("everything about a model can be read and written; a wrong hash is refused with a sentence", async () => {
  const { library } = await openLibrary(2);
  const { id } = seedModel(1);
  await button("Details of Papercut 1").click();
  const sheet = dialog("Details of Papercut 1");
  await expect.element(sheet).toHaveTextContent("CreativeML Open RAIL-M");
  await expect.element(page.getByText("scenes. Works best with short prompts.")).toBeVisible();
  await button("Edit").click();
  await field("Notes").fill("Weight 0.7.");
  await field("Tags, separated by commas").fill("paper, craft, paper");
  await field("Preferred strength").fill("0.7");
  await field("Name").fill("Papercut deluxe");
  await userEvent.tab();
  await expect.element(dialog("Details of Papercut deluxe")).toBeVisible();
  await expect
    .poll(() => library.metadata.known.get(id))
    .toMatchObject({
      name: "Papercut deluxe",
      notes: "Weight 0.7.",
      tags: ["paper", "craft"],
      preferred_strength: 0.7,
    });
  await button("Hashes and lookup").click();
  await field("Hash").fill("nonsense");
  await button("Save").click();
  await expect.element(page.getByRole("alert")).toHaveTextContent("An AutoV2 hash has 10 hex digits.");
  await field("Civitai address").fill(ADDRESS);
  await button("Fetch").click();
  await expect.poll(() => library.metadata.fetched).toEqual([{ id, address: ADDRESS }]);
  await button("Compute all hashes").click();
  await expect.element(page.getByText("1234abcd")).toBeVisible();
  await userEvent.keyboard("{Escape}");
  await expect.poll(() => page.getByRole("dialog").elements()).toEqual([]);
});

test("what is being typed about a model stays when facts about it arrive, and is kept when the sheet closes", async () => {
  const { app, library } = await openLibrary(2);
  const { id } = seedModel(1);
  await button("Details of Papercut 1").click();
  await button("Edit").click();
  await field("Strength from").fill("0.4");
  await field("Strength to").fill("0.9");
  await field("Name").fill("Mine");
  const facts = { name: "Theirs", notes: "From outside.", licence: "CC0" };
  library.metadata.known.set(id, { ...library.metadata.known.get(id), ...facts });
  await app.metadata.refresh();
  await expect.element(dialog("Details of Theirs")).toHaveTextContent("CC0");
  await expect.element(field("Name")).toHaveValue("Mine");
  await expect.element(field("Notes")).toHaveValue("From outside.");
  await userEvent.tab();
  await expect.element(dialog("Details of Mine")).toBeVisible();
  await field("Notes").fill("Not left yet");
  app.metadata.state.patch({ byId: new Map() });
  await expect
    .poll(() => library.metadata.known.get(id))
    .toMatchObject({
      ...{ name: "Mine", notes: "Not left yet" },
      usage_tips: { strength_min: 0.4, strength_max: 0.9 },
    });
});

test("text from outside stays text", async () => {
  const { library, app } = await openLibrary(2);
  const { id } = seedModel(1);
  const attack = `<img src=x onerror="document.title='owned'">`;
  const known = library.metadata.known.get(id)!;
  library.metadata.known.set(id, {
    ...known,
    name: attack,
    trigger_words: [attack],
    tags: [attack],
    description: `<p>Fine</p><script>document.title='owned'</script>${attack}`,
    source: "javascript:document.title='owned'",
  });
  await app.metadata.refresh();
  await button(`Details of ${attack}`).click();
  await expect.element(page.getByText("Fine", { exact: true })).toBeVisible();
  expect(page.getByRole("link", { name: "javascript" }).elements()).toEqual([]);
  expect(document.title).not.toContain("owned");
});

test("several models are chosen, hashed, and removed with an undo", async () => {
  const { library } = await openLibrary(4);
  const total = models().getByRole("listitem");
  await button("Select several models").click();
  await button("Select Dawn 1").click();
  await button("Select Papercut 1").click();
  await expect.element(page.getByText("2 selected")).toBeVisible();
  await button("Compute hashes").click();
  await expect.poll(() => library.hashes.computed.size).toBe(2);
  await button("Remove").click();
  await expect.element(total).toHaveLength(3);
  await button("Undo").click();
  await expect.element(total).toHaveLength(5);
  expect(library.models).toHaveLength(5);
});

test("arrow keys go from card to card, and the menu closes with Esc", async () => {
  await openLibrary(4);
  await button("More for Dawn 1").click();
  await expect.poll(focusedName).toBe("Details");
  await userEvent.keyboard("{ArrowDown}");
  await expect.poll(focusedName).toBe("Fetch metadata");
  await userEvent.keyboard("{Escape}");
  await expect.poll(focusedName).toBe("More for Dawn 1");
  await userEvent.keyboard("{ArrowRight}");
  await expect.poll(focusedName).toBe("More for Papercut 1");
});

test("lookups are asked for once, and the answer counts", async () => {
  const { library } = await openLibrary(2);
  library.metadata.emit({ type: "ask-permission" });
  await expect.element(page.getByText("May Kiln ask Civitai about your models?")).toBeVisible();
  await button("No").click();
  await expect.poll(() => library.civitai.current.lookup).toBe("refused");
  await expect.poll(() => page.getByText("May Kiln ask Civitai").elements()).toEqual([]);
});

test("Civitai is asked for nothing before the user agreed; then it is searched, opened and downloaded from", async () => {
  const { library } = await openLibrary(1, "#/models/civitai");
  seedCatalog(library, 60);
  await expect.element(page.getByText("Browse models at Civitai")).toBeVisible();
  expect(library.civitai.requests).toBe(0);
  await button("Agree and browse").click();
  const cards = page.getByRole("list", { name: "Models at Civitai" });
  await expect
    .element(cards.getByRole("button", { name: "Open Harbour Dreams 0", exact: true }))
    .toBeVisible();
  await field("Search Civitai").fill("Dreams 12");
  await userEvent.keyboard("{Enter}");
  await expect.element(cards.getByRole("listitem")).toHaveLength(1);
  expect(library.civitai.queries.at(-1)).toMatchObject({ text: "Dreams 12", sort: "Most Downloaded" });
  await button("Open Harbour Dreams 12").click();
  const sheet = dialog("Harbour Dreams 12");
  await expect.element(sheet).toHaveTextContent("SafeTensor · fp16 · pruned · 2.1 GB · scans clean");
  await expect.element(sheet).toHaveTextContent("scans: Danger, Success");
  await expect.element(sheet).toHaveTextContent("Merges must keep these permissions");
  await button("Download harbour-12.safetensors").click();
  await expect
    .poll(() => library.downloads.requests)
    .toMatchObject([
      { fileName: "harbour-12.safetensors", title: "Harbour Dreams 12 v2.0", sha256: seedModel(12).sha256 },
    ]);
});

test("what is in the library is told from what is not", async () => {
  const { library } = await openLibrary(1, "#/models/civitai");
  seedCatalog(library, 2);
  await button("Agree and browse").click();
  await button("Open Harbour Dreams 0").click();
  await expect.element(page.getByText("Already in your library")).toBeVisible();
});

test("a service that fails says so, and can be asked again", async () => {
  const { library } = await openLibrary(1, "#/models/civitai");
  seedCatalog(library, 2);
  library.civitai.failWith = new AppError("Network", "Civitai does not answer. Try again later.");
  await button("Agree and browse").click();
  await expect.element(page.getByRole("alert")).toHaveTextContent("Civitai does not answer.");
  library.civitai.failWith = undefined;
  await button("Try again").click();
  await expect.element(button("Open Harbour Dreams 1")).toBeVisible();
});

test("storage shows kinds and quota, finds damaged files, and lists the largest", async () => {
  const { library } = await openLibrary(7, "#/models/storage");
  await expect.element(page.getByText(/in use; this browser allows 120 GB/).first()).toBeVisible();
  await expect.element(page.getByText("Checkpoint: 9.1 GB")).toBeVisible();
  library.storage.problems = [
    { modelId: seedModel(0).id, name: "Dawn 1", kind: "missing", expected: "2 GB", got: "nothing" },
  ];
  await button("Thorough check").click();
  const damaged = page.getByRole("list", { name: "Damaged models" });
  await expect.element(damaged).toHaveTextContent("Dawn 1: its file is gone");
  expect(library.storage.checks).toEqual([true]);
  await damaged.getByRole("button", { name: "Remove" }).click();
  await expect.element(page.getByText("Dawn 1 is being removed.")).toBeVisible();
});

test("metadata from a file is shown before it is taken over", async () => {
  const { library } = await openLibrary(2, "#/models/storage");
  library.metadata.plan = {
    planId: "plan",
    rule: "fill",
    entries: [
      {
        id: seedModel(0).id,
        fileName: "dawn-1.safetensors",
        matchedBy: "hash",
        changes: [{ field: "notes", ours: "", theirs: "Use 0.8", takes: "theirs" }],
      },
    ],
    rejected: [{ where: "entry 2", reason: "It has no hash." }],
  };
  await field("Metadata file").upload(new File(["{}"], "metadata.json"));
  const sheet = dialog("Metadata found");
  await expect.element(sheet).toHaveTextContent("Use 0.8");
  await expect.element(sheet).toHaveTextContent("It has no hash.");
  await sheet.getByRole("button", { name: "Take over" }).click();
  await expect.element(page.getByText("Metadata of 1 models taken over.")).toBeVisible();
});

test("tokens are written, never read back, and forgotten", async () => {
  const { library } = await openLibrary(0, "#/settings");
  const token = field("Token for Hugging Face");
  await expect.element(token).toHaveAttribute("type", "password");
  await token.fill("hf_secret");
  await userEvent.keyboard("{Enter}");
  await expect.poll(() => library.downloads.tokens.get("huggingface")).toBe("hf_secret");
  await expect.element(token).toHaveValue("");
  await button("Forget the token for Hugging Face").click();
  await expect.poll(() => library.downloads.tokens.has("huggingface")).toBe(false);
});

test("the welcome names the model that is ready, and is read once", async () => {
  const first = await openApp();
  await expect.element(page.getByText("Kiln Small is ready.")).toBeVisible();
  await button("Dismiss the welcome").click();
  await expect.poll(() => page.getByText("Kiln Small is ready.").elements()).toEqual([]);
  first.close();
  await openApp();
  await expect.element(page.getByText("What should it look like?")).toBeVisible();
  expect(page.getByText("Kiln Small is ready.").elements()).toEqual([]);
});

test("on a phone nothing is wider than the screen", async () => {
  await page.viewport(390, 844);
  const { app, library } = await openLibrary(8);
  library.downloads.entries = [...SEEDED_DOWNLOADS];
  await expect
    .element(button("Details of Papercut 1").or(button("More for Papercut 1")).first())
    .toBeVisible();
  await app.downloads.load();
  const views = {
    "#/models": "kiln-library-view",
    "#/models/civitai": "kiln-civitai-view",
    "#/models/storage": "kiln-storage-view",
    "#/settings": "kiln-settings-page",
  };
  for (const [address, view] of Object.entries(views)) {
    location.hash = address;
    await expect.poll(() => findElement(view)?.clientWidth).toBe(390);
    // A view scrolls by itself, so that the document alone would not tell.
    await expect.poll(() => findElement(view)?.scrollWidth).toBe(390);
    await expect
      .poll(() => document.documentElement.scrollWidth, { message: address })
      .toBeLessThanOrEqual(390);
  }
});
