// The Upscale page: choosing pictures, the batch and its progress, before and after, results in the gallery. Storage is
// real, the engine is arithmetic.

import { beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { insertPngText } from "../../../src/imaging/png-text.ts";
import { clearStorage, openApp, type MountedApp } from "../../support/ui-app.ts";

/** Storing pictures takes the disk and a thumbnail each. */
const SLOW = { timeout: 60_000 };

const field = (name: string) => page.getByLabelText(name, { exact: true });
const button = (name: string) => page.getByRole("button", { name, exact: true });
const link = (name: string) => page.getByRole("link", { name, exact: true });

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
});

async function png(width: number, height: number, parameters?: string): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#306090";
  context.fillRect(0, 0, width / 2, height);
  const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
  return parameters === undefined ? bytes : insertPngText(bytes, { parameters });
}

function drop(...files: readonly File[]): void {
  const data = new DataTransfer();
  for (const file of files) data.items.add(file);
  for (const type of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(
      new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true, composed: true }),
    );
  }
}

async function pictureFile(name: string, width = 12, height = 8, parameters?: string): Promise<File> {
  return new File([await png(width, height, parameters)], name, { type: "image/png" });
}

const RECIPE = "a boat\nSteps: 12, Sampler: Euler a, CFG scale: 5, Seed: 77, Size: 12x8, Model: Other";

async function addUpscaler({ app, library }: MountedApp): Promise<void> {
  const { defaults, ...record } = library.models[0];
  library.models.push({
    ...record,
    id: "4x",
    name: "4x-Sharp",
    type: "upscaler",
    fileName: "4x.pth",
    scale: 4,
  });
  expect(defaults).toBeDefined(); // an upscaler has none
  await app.models.load();
}

test("a batch goes through one by one into the gallery; a file that fails says why and can be taken out", async () => {
  const mounted = await openApp();
  await addUpscaler(mounted);
  await link("Upscale").click();
  drop(
    await pictureFile("boat.png", 12, 8, RECIPE),
    new File(["no picture"], "broken.png", { type: "image/png" }),
    await pictureFile("house.png"),
  );
  const chosen = page.getByRole("list", { name: "Chosen pictures" });
  await expect.element(chosen.getByRole("listitem")).toHaveLength(3);
  await expect.element(field("Upscaler")).toHaveValue("4x");
  await field("Scale").fill("4");
  await userEvent.keyboard("{Tab}");
  await button("Upscale 3 pictures").click();

  await expect.poll(() => mounted.storage.gallery.count(), SLOW).toBe(2);
  expect(mounted.engine.upscales.map(({ fileName }) => fileName)).toEqual([
    "boat.png",
    "broken.png",
    "house.png",
  ]);
  expect(mounted.engine.upscales[0]).toMatchObject({
    upscaler: { kind: "model", modelId: "4x" },
    target: { kind: "factor", factor: 4 },
  });
  const list = page.getByRole("list", { name: "Pictures being enlarged" });
  await expect.element(list.getByRole("listitem")).toHaveLength(1);
  await expect
    .element(list.getByRole("alert"))
    .toHaveTextContent("broken.png could not be read as a picture.");
  await button("Remove broken.png").click();
  await expect.poll(() => list.elements()).toEqual([]);

  const { pictures } = await mounted.storage.gallery.list({}, { limit: 5 });
  expect(pictures.map(({ width, height }) => [width, height])).toEqual([
    [48, 32],
    [48, 32],
  ]);
  expect(pictures[1]).toMatchObject({ prompt: "a boat", lineage: { sourceName: "boat.png" } });
  expect(pictures[1].infotext).toBe(
    `${RECIPE}, Postprocess upscale by: 4, Postprocess upscaler: Fake, Version: Kiln 0.1.0`,
  );

  await link("Gallery").click();
  await page.getByRole("main").getByRole("button", { name: "a boat", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await expect.element(dialog).toHaveTextContent("Postprocess upscaler");
  await expect.element(dialog).toHaveTextContent("boat.png");
});

test("before and after are compared with the keyboard and by touch", async () => {
  const mounted = await openApp();
  await link("Upscale").click();
  drop(await pictureFile("boat.png", 300, 200));
  await button("Upscale picture").click();
  const slider = page.getByRole("slider", { name: "Compare before and after" });
  await expect.element(slider).toHaveValue("50");
  await expect.element(page.getByRole("heading", { name: "boat.png, now 600 × 400" })).toBeVisible();
  const element = slider.element() as HTMLInputElement;
  element.focus();
  await userEvent.keyboard("{ArrowRight}{ArrowRight}");
  await expect.element(slider).toHaveValue("52");
  const frame = element.parentElement!;
  expect(frame.style.getPropertyValue("--at")).toBe("52%");
  // What is touched is the range itself: it covers the picture.
  const [a, b] = [element.getBoundingClientRect(), frame.getBoundingClientRect()];
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  await slider.click({ position: { x: 4, y: 40 } });
  await expect.poll(() => Number(element.value)).toBeLessThan(5);
  await button("Actual size").click();
  await expect.poll(() => frame.getBoundingClientRect().width).toBe(600);
  expect(mounted.engine.upscales[0].upscaler).toEqual({ kind: "resample", filter: "lanczos" });
});

test("a picture of the gallery is sent here and keeps its recipe and where it came from", async () => {
  const mounted = await openApp();
  mounted.app.recipe.patch({ prompt: "a red house", width: 64, height: 64, steps: 1, seed: 7 });
  await mounted.app.generate();
  await expect.poll(() => mounted.storage.gallery.count(), SLOW).toBe(1);
  const [source] = (await mounted.storage.gallery.list({}, { limit: 1 })).pictures;
  await link("Gallery").click();
  await page.getByRole("main").getByRole("button", { name: "a red house", exact: true }).click();
  await button("Upscale").click();
  await field("Result").selectOptions("size");
  await page.getByRole("spinbutton", { name: "Width" }).fill("128x128");
  await userEvent.keyboard("{Tab}");
  await expect.element(page.getByRole("spinbutton", { name: "Height" })).toHaveValue("128");
  await button("Upscale picture").click();
  await expect.poll(() => mounted.storage.gallery.count(), SLOW).toBe(2);
  const [picture] = (await mounted.storage.gallery.list({}, { limit: 1 })).pictures;
  expect(picture).toMatchObject({ width: 128, prompt: "a red house", lineage: { sourceId: source.id } });
  expect(picture.request).toEqual(source.request);
  expect(mounted.engine.upscales[0].target).toEqual({ kind: "size", width: 128, height: 128, crop: false });
});

test("progress is told per tile; a running picture is cancelled and the rest goes on", async () => {
  const mounted = await openApp({ stepMs: 60_000 });
  await link("Upscale").click();
  drop(await pictureFile("one.png"), await pictureFile("two.png"));
  await button("Upscale 2 pictures").click();
  const list = page.getByRole("list", { name: "Pictures being enlarged" });
  await expect.element(list).toHaveTextContent(/tile 1\/4 · 3:00 left/);
  await button("Cancel one.png").click();
  await expect.poll(() => mounted.engine.upscales.length).toBe(2);
  mounted.engine.hurry();
  await expect.poll(() => mounted.storage.gallery.count(), SLOW).toBe(1);
  const [picture] = (await mounted.storage.gallery.list({}, { limit: 1 })).pictures;
  expect(picture.lineage?.sourceName).toBe("two.png");
});

test("what waits survives a reload and goes on", async () => {
  const first = await openApp({ stepMs: 60_000 });
  await link("Upscale").click();
  drop(await pictureFile("one.png"), await pictureFile("two.png"));
  await button("Upscale 2 pictures").click();
  await expect.poll(() => first.engine.upscales.length, SLOW).toBe(1);
  first.close();
  const second = await openApp();
  await expect.poll(() => second.storage.gallery.count(), SLOW).toBe(2);
  expect(second.engine.upscales.map(({ fileName }) => fileName).toSorted()).toEqual(["one.png", "two.png"]);
  expect(await second.storage.upscales.jobs.list()).toEqual([]);
});
