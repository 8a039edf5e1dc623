// The Generate page as a user meets it: names, keys, progress, memory, failures. The engine is arithmetic.

import { beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { AppError } from "../../../src/protocol/app-error.ts";
import { clearStorage, openApp } from "../../support/ui-app.ts";

const generate = () => page.getByRole("button", { name: "Generate", exact: true });
const prompt = () => page.getByLabelText("Prompt", { exact: true });
const field = (name: string) => page.getByLabelText(name, { exact: true });
const pictures = () => page.getByRole("list", { name: "Latest pictures" }).getByRole("listitem");
/** A step that lasts until the test has seen it. */
const LONG = 60_000;
const queued = () => page.getByRole("list", { name: "Queue" }).getByRole("listitem");

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
});

test("every control carries its plain name", async () => {
  await openApp();
  const fields = [
    "Prompt",
    "Negative prompt",
    "Model",
    "Width",
    "Height",
    "Steps",
    "CFG scale",
    "Sampler",
    "Schedule",
  ];
  for (const name of [...fields, "Seed", "Batch count", "Batch size", "Clip skip"]) {
    await expect.element(field(name)).toBeVisible();
  }
  for (const name of ["Generate", "Random seed", "Reuse seed"]) {
    await expect.element(page.getByRole("button", { name, exact: true })).toBeVisible();
  }
  for (const name of ["Generate", "Gallery", "Models", "Settings"]) {
    await expect.element(page.getByRole("link", { name, exact: true })).toBeVisible();
  }
});

test("the form starts with the model's defaults and an example starts a picture", async () => {
  const { engine } = await openApp();
  await expect.element(field("Steps")).toHaveValue("12");
  await expect.element(field("Schedule")).toHaveValue("Karras");
  await page.getByRole("button", { name: "a red lighthouse by the sea at sunset" }).click();
  await generate().click();
  await expect.element(pictures()).toHaveLength(1);
  expect(engine.requests).toHaveLength(1);
  expect(engine.requests[0]).toMatchObject({
    prompt: "a red lighthouse by the sea at sunset",
    modelId: "kiln-small",
    width: 256,
    steps: 12,
    guidanceScale: 5,
    sampler: "DPM++ 2M",
    schedule: "Karras",
    noiseSource: "cpu",
  });
  expect(engine.requests[0].seed).toBeGreaterThanOrEqual(0);
});

test("the Generate button shows progress, keeps its name, and the title counts", async () => {
  const { engine } = await openApp({ stepMs: LONG });
  await prompt().fill("a boat");
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  await expect.element(generate()).toHaveTextContent(/\d+% · step \d+\/12/);
  await expect.poll(() => document.title).toMatch(/^\[\d+% \d+s\] Kiln$/);
  await expect.element(page.getByRole("img", { name: "Preview of the picture being made" })).toBeVisible();
  engine.hurry();
  await expect.element(page.getByRole("img", { name: "a boat" }).first()).toBeVisible();
  await expect.poll(() => document.title).toBe("Kiln");
});

test("Esc interrupts, Alt+Enter skips, and the queue goes on", async () => {
  const { engine } = await openApp({ stepMs: LONG });
  await field("Steps").fill("100");
  await prompt().fill("one");
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  await prompt().fill("two");
  await field("Batch count").fill("2");
  await field("Steps").fill("8");
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  await expect.element(queued()).toHaveLength(1);
  await expect.element(generate()).toHaveTextContent(/step/);
  await userEvent.keyboard("{Escape}");
  await expect.poll(() => engine.requests.map((request) => request.prompt)).toEqual(["one", "two"]);
  await expect.element(generate()).toHaveTextContent(/picture 1\/2 · step/);
  await userEvent.keyboard("{Alt>}{Enter}{/Alt}");
  await expect.element(generate()).toHaveTextContent(/picture 2\/2 · step/);
  engine.hurry();
  // The first of two was skipped, the second is made.
  await expect.element(pictures()).toHaveLength(1);
});

test("Ctrl+Shift+Enter queues before everything that waits", async () => {
  const { engine } = await openApp({ stepMs: LONG });
  for (const text of ["first", "second"]) {
    await prompt().fill(text);
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
  }
  await prompt().fill("urgent");
  await userEvent.keyboard("{Control>}{Shift>}{Enter}{/Shift}{/Control}");
  await expect.element(queued()).toHaveLength(2);
  for (const made of [["first"], ["first", "urgent"], ["first", "urgent", "second"]]) {
    await expect.poll(() => engine.requests.map((request) => request.prompt)).toEqual(made);
    await expect.element(generate()).toHaveTextContent(/step/);
    await userEvent.keyboard("{Escape}");
  }
});

test("every field is remembered, and a pasted size sets both sides", async () => {
  const first = await openApp();
  await prompt().fill("a tower");
  await field("Negative prompt").fill("people");
  await field("Width").fill("768x1024");
  await userEvent.keyboard("{Tab}");
  await field("Seed").fill("77");
  await userEvent.keyboard("{Tab}");
  await field("Sampler").selectOptions("Euler a");
  await expect.element(field("Width")).toHaveValue("768");
  await expect.element(field("Height")).toHaveValue("1024");
  await expect.poll(() => first.storage.settings.get("form").sampler).toBe("Euler a");
  first.close();
  await openApp();
  await expect.element(prompt()).toHaveValue("a tower");
  await expect.element(field("Negative prompt")).toHaveValue("people");
  await expect.element(field("Width")).toHaveValue("768");
  await expect.element(field("Height")).toHaveValue("1024");
  await expect.element(field("Seed")).toHaveValue("77");
  await expect.element(field("Sampler")).toHaveValue("Euler a");
});

test("numbers are brought into range and onto the grid, and the dot returns to the default", async () => {
  await openApp();
  await field("Width").fill("133");
  await userEvent.keyboard("{Tab}");
  await expect.element(field("Width")).toHaveValue("136");
  await page.getByRole("button", { name: "Back to the default, 256" }).click();
  await expect.element(field("Width")).toHaveValue("256");
  await field("Steps").fill("0");
  await userEvent.keyboard("{Tab}");
  await expect.element(field("Steps")).toHaveValue("1");
  await userEvent.click(field("Steps"));
  await userEvent.keyboard("{ArrowUp}{ArrowUp}");
  await expect.element(field("Steps")).toHaveValue("3");
});

test("what is typed stays, although the models and their defaults arrive meanwhile", async () => {
  const { app, library } = await openApp();
  const { models } = library;
  app.recipe.setModels([]);
  await expect.element(field("Steps")).toHaveValue("20");
  // As before the models are there: one number is taken, the other is still being typed.
  app.recipe.patch({ guidanceScale: app.recipe.state.value.defaults.guidanceScale });
  const { guidanceScale } = app.recipe.recipe;
  expect(guidanceScale).not.toBe(models[0].defaults?.guidanceScale);
  await field("Steps").fill("4");
  app.recipe.setModels(models);
  await expect.element(field("Schedule")).toHaveValue("Karras");
  await expect.element(field("Steps")).toHaveValue("4");
  await userEvent.keyboard("{Tab}");
  await expect.poll(() => app.recipe.recipe).toMatchObject({ steps: 4, guidanceScale });
  await expect.element(field("Steps")).toHaveValue("4");
});

test("Reuse seed takes the seed of the picture on the stage, Random seed lets go of it", async () => {
  const { engine } = await openApp();
  await prompt().fill("a hill");
  await generate().click();
  await expect.element(pictures()).toHaveLength(1);
  await page.getByRole("button", { name: "Reuse seed", exact: true }).click();
  await expect.element(field("Seed")).toHaveValue(String(engine.requests[0].seed));
  await page.getByRole("button", { name: "Random seed", exact: true }).click();
  await expect.element(field("Seed")).toHaveValue("");
});

test("a failed job says why, stays in the queue with its recipe, and can be tried again", async () => {
  const failWith = new AppError("OutOfMemory", "The device ran out of memory.", {
    where: "unet",
    got: "1 GB",
  });
  const { engine } = await openApp({ failWith });
  await prompt().fill("a castle");
  await generate().click();
  await expect.element(page.getByRole("alert")).toHaveTextContent("The device ran out of memory.");
  await expect.element(page.getByRole("alert")).toHaveTextContent("The recipe is kept.");
  await expect.element(queued()).toHaveTextContent("a castle");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect.element(pictures()).toHaveLength(1);
  expect(engine.requests[1]).toEqual(engine.requests[0]);
  await expect.poll(() => page.getByRole("alert").elements()).toEqual([]);
});

test("jobs found at start wait for Resume queue", async () => {
  const first = await openApp();
  first.app.generation.pause();
  await first.storage.queue.enqueue({ ...REQUEST, prompt: "left behind" });
  first.close();
  const { engine } = await openApp();
  await expect.element(queued()).toHaveTextContent("left behind");
  expect(engine.requests).toEqual([]);
  await page.getByRole("button", { name: "Resume queue" }).click();
  await expect.element(pictures()).toHaveLength(1);
});

test("a queue that was running goes on after a reload", async () => {
  const first = await openApp({ stepMs: LONG });
  await prompt().fill("goes on");
  await generate().click();
  await expect.element(generate()).toHaveTextContent(/step/);
  first.close();
  const { engine } = await openApp();
  await expect.element(pictures()).toHaveLength(1);
  expect(engine.requests[0].prompt).toBe("goes on");
});

test("keys: pages by number, shortcuts by question mark, but not while typing", async () => {
  await openApp();
  await prompt().fill("");
  await userEvent.type(prompt(), "2?");
  await expect.element(prompt()).toHaveValue("2?");
  await page.getByRole("link", { name: "Generate", exact: true }).click();
  await userEvent.keyboard("?");
  await expect.element(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await userEvent.keyboard("{Escape}");
  await expect.poll(() => page.getByRole("dialog").elements()).toEqual([]);
  await userEvent.keyboard("2");
  await expect.poll(() => location.hash).toBe("#/upscale");
});

test("on a phone the prompt and Generate are in reach and the rest is in a sheet", async () => {
  await page.viewport(390, 844);
  await openApp();
  await prompt().fill("a lake");
  await page.getByRole("button", { name: "Parameters", exact: true }).click();
  await field("Steps").fill("3");
  await userEvent.keyboard("{Tab}");
  await userEvent.keyboard("{Escape}");
  await generate().click();
  await expect.element(pictures()).toHaveLength(1);
  await expect.poll(() => document.documentElement.scrollWidth).toBeLessThanOrEqual(390);
});

const REQUEST = {
  prompt: "",
  negativePrompt: "",
  loras: [],
  modelId: "kiln-small",
  width: 64,
  height: 64,
  steps: 2,
  guidanceScale: 5,
  sampler: "Euler",
  schedule: "Automatic",
  seed: 1,
  batchCount: 1,
  batchSize: 1,
  clipSkip: 1,
  noiseSource: "cpu",
  preview: false,
} as const;
