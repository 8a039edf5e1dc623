// The Gallery, Models and Settings pages and what is dropped on the window. Storage is real, the engine is arithmetic.

import { beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { insertPngText } from "../../../src/imaging/png-text.ts";
import { AppError } from "../../../src/protocol/app-error.ts";
import { clearStorage, type MountedApp, openApp } from "../../support/ui-app.ts";

const field = (name: string) => page.getByLabelText(name, { exact: true });
const button = (name: string) => page.getByRole("button", { name, exact: true });
const link = (name: string) => page.getByRole("link", { name, exact: true });
const tiles = (name: string) => page.getByRole("main").getByRole("button", { name, exact: true });

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
});

async function makePictures({ app, storage }: MountedApp, ...prompts: readonly string[]): Promise<void> {
  for (const prompt of prompts) {
    app.recipe.patch({ prompt, width: 64, height: 64, steps: 1, seed: 7 });
    await app.generate();
  }
  await expect.poll(() => storage.gallery.count()).toBe(prompts.length);
}

function drop(data: DataTransfer): void {
  for (const type of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(
      new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true, composed: true }),
    );
  }
}

function dropFile(name: string, content: BlobPart, type: string): void {
  const data = new DataTransfer();
  data.items.add(new File([content], name, { type }));
  drop(data);
}

async function plainPng(): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = new OffscreenCanvas(8, 8);
  canvas.getContext("2d")!.fillRect(2, 2, 4, 4);
  return new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
}

test("pictures are found by word and by favourite, newest first", async () => {
  const mounted = await openApp();
  await makePictures(mounted, "a red house", "a blue boat", "a red boat");
  await link("Gallery").click();
  await expect.element(page.getByText("3 pictures")).toBeVisible();
  await expect.element(tiles("a red boat")).toBeVisible();
  const left = (name: string): number => tiles(name).element().getBoundingClientRect().left;
  await expect.element(tiles("a blue boat")).toBeVisible();
  await expect.poll(() => left("a red boat") - left("a blue boat")).toBeLessThan(0);
  await field("Search pictures").fill("bo");
  await expect.element(page.getByText("2 pictures")).toBeVisible();
  await expect.poll(() => tiles("a red house").elements()).toEqual([]);
  await field("Search pictures").fill("");
  await expect.element(page.getByText("3 pictures")).toBeVisible();
  await tiles("a blue boat").hover();
  await button("Add to favourites").nth(1).click();
  await button("Favourites").click();
  await expect.element(page.getByText("1 picture", { exact: true })).toBeVisible();
  await expect.element(tiles("a blue boat")).toBeVisible();
});

test("the lightbox walks with arrow keys, shows all metadata and closes with Esc", async () => {
  const mounted = await openApp();
  await makePictures(mounted, "first", "second");
  await link("Gallery").click();
  await tiles("second").click();
  const dialog = page.getByRole("dialog");
  await expect.element(dialog).toHaveTextContent("second");
  for (const text of ["DPM++ 2M", "Kiln Small", "64x64", "Kiln 0.1.0"]) {
    await expect.element(dialog).toHaveTextContent(text);
  }
  await userEvent.keyboard("{ArrowRight}");
  await expect.element(dialog).toHaveTextContent("first");
  await userEvent.keyboard("{ArrowLeft}");
  await expect.element(dialog).toHaveTextContent("second");
  await userEvent.keyboard("{Escape}");
  await expect.poll(() => dialog.elements()).toEqual([]);
});

test("Restore all parameters puts the whole recipe into the form", async () => {
  const mounted = await openApp();
  await makePictures(mounted, "to be repeated");
  mounted.app.recipe.patch({ prompt: "another", steps: 30, width: 256, seed: -1 });
  await link("Gallery").click();
  await tiles("to be repeated").click();
  await button("Restore all parameters").click();
  await expect.element(field("Prompt")).toHaveValue("to be repeated");
  await expect.element(field("Steps")).toHaveValue("1");
  await expect.element(field("Width")).toHaveValue("64");
  await expect.element(field("Seed")).toHaveValue("7");
  await button("Undo").click();
  await expect.element(field("Prompt")).toHaveValue("another");
  await expect.element(field("Steps")).toHaveValue("30");
});

test("a deleted picture is gone at once and comes back with Undo", async () => {
  const mounted = await openApp();
  await makePictures(mounted, "short-lived");
  await link("Gallery").click();
  await tiles("short-lived").click();
  await userEvent.keyboard("{Delete}");
  await expect.poll(() => tiles("short-lived").elements()).toEqual([]);
  await expect.element(page.getByText("Every picture you make lands here")).toBeVisible();
  await button("Undo").click();
  await expect.element(tiles("short-lived")).toBeVisible();
});

test("a dropped picture shows its parameters; those wanted are restored, the model is named when missing", async () => {
  await openApp();
  const parameters =
    "a ship\nNegative prompt: fog\nSteps: 33, Sampler: Euler a Karras, CFG scale: 6.5, Seed: 1234, Size: 320x192, " +
    "Model hash: deadbeef00, Model: someModel, Clip skip: 2";
  dropFile("ship.png", insertPngText(await plainPng(), { parameters }), "image/png");
  await expect.element(page.getByRole("dialog", { name: "Parameters found" })).toBeVisible();
  await expect.element(page.getByText("someModel, is not on this device")).toBeVisible();
  await page.getByRole("checkbox", { name: /^Seed/ }).click();
  await button("Restore selected").click();
  const restored = { Prompt: "a ship", "Negative prompt": "fog", Width: "320", Height: "192", Steps: "33" };
  for (const [name, value] of Object.entries({ ...restored, "CFG scale": "6.5", Sampler: "Euler a" })) {
    await expect.element(field(name)).toHaveValue(value);
  }
  await expect.element(field("Schedule")).toHaveValue("Karras");
  await expect.element(field("Clip skip")).toHaveValue("2");
  await expect.element(field("Seed")).toHaveValue("");
  await expect.element(field("Model")).toHaveValue("kiln-small");
});

test("what cannot be used is refused with a sentence", async () => {
  await openApp();
  dropFile("plain.png", await plainPng(), "image/png");
  await expect.element(page.getByRole("alert")).toHaveTextContent("plain.png carries no parameters.");
  await button("Dismiss").click();
  await expect.poll(() => page.getByRole("dialog").elements()).toEqual([]);
  dropFile("broken.png", "not a picture at all", "image/png");
  await expect.element(page.getByRole("alert")).toBeVisible();
});

test("dropped text becomes the prompt, with an undo", async () => {
  const { app } = await openApp();
  app.recipe.patch({ prompt: "before" });
  const data = new DataTransfer();
  data.setData("text/plain", "a windmill in a field");
  drop(data);
  await expect.element(field("Prompt")).toHaveValue("a windmill in a field");
  await button("Undo").click();
  await expect.element(field("Prompt")).toHaveValue("before");
});

test("a dropped model is imported, used with its own defaults, and removed with an undo", async () => {
  await openApp();
  dropFile("watercolour.safetensors", "weights", "");
  const models = page.getByRole("list", { name: "Models on this device" });
  await expect.element(models.getByRole("listitem")).toHaveLength(2);
  await models.getByRole("button", { name: "Use", exact: true }).click();
  await expect.element(field("Model")).toHaveValue("watercolour");
  await expect.element(field("Width")).toHaveValue("512");
  await expect.element(field("Steps")).toHaveValue("20");
  await link("Models").click();
  await button("More for watercolour").click();
  await page.getByRole("menuitem", { name: "Remove from this device" }).click();
  await expect.element(models.getByRole("listitem")).toHaveLength(1);
  await button("Undo").click();
  await expect.element(models.getByRole("listitem")).toHaveLength(2);
});

test("a model that is refused says why and leaves the list alone", async () => {
  const { library } = await openApp();
  library.failWith = new AppError("FileFormat", "broken.safetensors ends in the middle of its header.", {
    where: "byte 8",
    expected: "812 bytes of header",
    got: "3",
  });
  dropFile("broken.safetensors", "abc", "");
  const alert = page.getByRole("alert");
  await expect.element(alert).toHaveTextContent("broken.safetensors ends in the middle of its header.");
  await expect.element(alert).toHaveTextContent("nothing was stored");
  await expect
    .element(page.getByRole("list", { name: "Models on this device" }).getByRole("listitem"))
    .toHaveLength(1);
});

test("settings: the theme, the noise source and the device take effect and are kept", async () => {
  const first = await openApp();
  await link("Settings").click();
  await field("Theme").selectOptions("dark");
  await expect.poll(() => document.documentElement.classList.contains("wa-dark")).toBe(true);
  await field("Noise source").selectOptions("nv");
  await field("Device").selectOptions("wasm");
  await expect.poll(() => first.engine.starts.map(({ device }) => device)).toEqual(["auto", "wasm"]);
  await expect.element(page.getByText("in use; this browser allows")).toBeVisible();
  first.close();
  const { app, engine } = await openApp();
  expect(document.documentElement.classList.contains("wa-dark")).toBe(true);
  await expect.poll(() => engine.starts.map(({ device }) => device)).toEqual(["wasm"]);
  await app.generate();
  await expect.poll(() => engine.requests.at(0)?.noiseSource).toBe("nv");
  await app.settings.set("theme", "auto");
});
