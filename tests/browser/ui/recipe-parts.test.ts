// What is used beside a checkpoint, as a user meets it on the Generate page: VAE, LoRA slots, embeddings.

import { beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import type { ModelRecord } from "../../../src/protocol/library-api.ts";
import type { ModelType } from "../../../src/protocol/model-manifest.ts";
import { clearStorage, type MountedApp, openApp } from "../../support/ui-app.ts";
import { SMALL_MODEL } from "../../support/ui-fakes.ts";

const field = (name: string) => page.getByLabelText(name, { exact: true });
const button = (name: string) => page.getByRole("button", { name, exact: true });
const slots = () => page.getByRole("list", { name: "LoRAs in use" }).getByRole("listitem");

function part(type: ModelType, fileName: string, changes: Partial<ModelRecord> = {}): ModelRecord {
  const name = fileName.replace(/\.[^.]+$/, "");
  return {
    ...SMALL_MODEL,
    id: name,
    name,
    type,
    fileName,
    origin: "imported",
    defaults: undefined,
    ...changes,
  };
}

const PARTS = [
  part("vae", "soft.safetensors"),
  part("lora", "ink.safetensors"),
  part("lora", "glow.safetensors"),
  part("lora", "lcm.safetensors", {
    suggests: { steps: 6, guidanceScale: 1.5, sampler: "LCM", schedule: "SGM Uniform" },
  }),
  part("embedding", "fox.pt", { vectors: 2 }),
  part("controlnet", "canny.pth"),
];

async function openWithParts(): Promise<MountedApp> {
  const mounted = await openApp();
  mounted.library.models = [SMALL_MODEL, ...PARTS];
  await mounted.app.settings.set("openGroups", ["lora", "embeddings"]);
  await mounted.app.models.load();
  return mounted;
}

async function generated({ engine }: MountedApp) {
  const before = engine.requests.length;
  await button("Generate").click();
  await expect.poll(() => engine.requests.length).toBe(before + 1);
  return engine.requests[before];
}

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
});

test("only checkpoints are offered as models", async () => {
  await openWithParts();
  await expect.element(field("VAE")).toBeVisible();
  const options = field("Model").getByRole("option");
  await expect.element(options).toHaveLength(1);
  await expect.element(options.first()).toHaveTextContent("Kiln Small");
});

test("a VAE and LoRAs with their strengths go into the request and survive a reload", async () => {
  const first = await openWithParts();
  await field("VAE").selectOptions("soft");
  await field("Add a LoRA").selectOptions("ink");
  await field("Add a LoRA").selectOptions("glow");
  await field("Strength of ink").fill("0.6");
  await userEvent.keyboard("{Tab}");
  await field("Separate text strength for glow").click();
  await field("Text strength of glow").fill("0.25");
  await userEvent.keyboard("{Tab}");
  await button("Move glow up").click();
  expect(await generated(first)).toMatchObject({
    vaeId: "soft",
    loras: [
      { modelId: "glow", unetWeight: 1, textWeight: 0.25 },
      { modelId: "ink", unetWeight: 0.6, textWeight: 0.6 },
    ],
  });
  await field("Use glow").click();
  // A job that is not done would be taken up by the next page.
  await expect
    .element(page.getByRole("list", { name: "Latest pictures" }).getByRole("listitem"))
    .toHaveLength(1);
  first.close();

  const second = await openWithParts();
  await expect.element(slots()).toHaveLength(2);
  await expect.element(field("Use glow")).not.toBeChecked();
  await expect.element(field("Text strength of glow")).toHaveValue("0.25");
  const request = await generated(second);
  expect(request.vaeId).toBe("soft");
  expect(request.loras.map(({ modelId }) => modelId)).toEqual(["ink"]);
});

test("nine LoRAs have a slot each and go into the request in their order", async () => {
  const mounted = await openWithParts();
  const names = Array.from({ length: 9 }, (_, i) => `style ${i + 1}`);
  mounted.library.models = [SMALL_MODEL, ...names.map((name) => part("lora", `${name}.safetensors`))];
  await mounted.app.models.load();
  for (const name of names) await field("Add a LoRA").selectOptions(name);
  await expect.element(slots()).toHaveLength(9);
  await field("Strength of style 8").fill("-0.3");
  await userEvent.keyboard("{Tab}");
  await button("Move style 9 up").click();
  const order = [...names.slice(0, 7), "style 9", "style 8"];
  expect((await generated(mounted)).loras).toEqual(
    order.map((modelId) => {
      const weight = modelId === "style 8" ? -0.3 : 1;
      return { modelId, unetWeight: weight, textWeight: weight };
    }),
  );
});

test("a slot becomes a tag, and is gone when removed", async () => {
  await openWithParts();
  await field("Prompt").fill("a boat");
  await field("Add a LoRA").selectOptions("ink");
  await field("Strength of ink").fill("0.5");
  await userEvent.keyboard("{Tab}");
  await button("Move ink into the prompt as a tag").click();
  await expect.element(field("Prompt")).toHaveValue("a boat, <lora:ink:0.5>");
  await expect.element(slots()).toHaveLength(0);
  await field("Add a LoRA").selectOptions("glow");
  await button("Remove glow").click();
  await expect.element(slots()).toHaveLength(0);
});

test("trigger words go into the prompt, and a noted strength is where a slot starts", async () => {
  const { app, library } = await openWithParts();
  library.metadata.known.set("ink", { trigger_words: ["inkline", "<b>bold</b>"], preferred_strength: 0.7 });
  await app.metadata.refresh();
  await field("Add a LoRA").selectOptions("ink");
  await expect.element(field("Strength of ink")).toHaveValue("0.7");
  await button("Put “inkline” into the prompt").click();
  await button("Put “<b>bold</b>” into the prompt").click();
  await expect.element(field("Prompt")).toHaveValue("inkline, <b>bold</b>");
  await field("Add a LoRA").selectOptions("glow");
  await expect.element(page.getByRole("group", { name: "Trigger words of glow" })).not.toBeInTheDocument();
});

test("a LoRA for few steps offers the settings that it was trained for", async () => {
  const mounted = await openWithParts();
  await field("Add a LoRA").selectOptions("lcm");
  await button("Set what it was trained for: 6 steps, CFG 1.5, LCM").click();
  expect(await generated(mounted)).toMatchObject({
    ...{ steps: 6, guidanceScale: 1.5, sampler: "LCM", schedule: "SGM Uniform" },
    loras: [{ modelId: "lcm" }],
  });
});

test("an embedding's name is put into either prompt", async () => {
  await openWithParts();
  await field("Prompt").fill("a forest");
  await button("Into the prompt").click();
  await button("Into the negative prompt").click();
  await expect.element(field("Prompt")).toHaveValue("a forest, fox");
  await expect.element(field("Negative prompt")).toHaveValue("fox");
});

test("on a phone everything is reached by keyboard and keeps its size", async () => {
  await page.viewport(390, 844);
  await openWithParts();
  await button("Parameters").click();
  const add = field("Add a LoRA");
  await expect.element(add).toBeVisible();
  await add.selectOptions("ink");
  const strength = field("Strength of ink");
  await expect.element(strength).toBeVisible();
  (strength.element() as HTMLElement).focus();
  await userEvent.keyboard("{ArrowUp}");
  await expect.element(strength).toHaveValue("1.05");
  for (const name of ["Move ink up", "Remove ink"]) {
    const shorterSide = (): number => {
      const { width, height } = button(name).element().getBoundingClientRect();
      return Math.min(width, height);
    };
    await expect.poll(shorterSide).toBeGreaterThanOrEqual(40);
  }
  await expect.poll(() => document.documentElement.scrollWidth).toBeLessThanOrEqual(390);
});

test("what cannot be used yet says so in its details", async () => {
  await openWithParts();
  location.hash = "#/models";
  await button("Details of canny").click();
  await expect.element(page.getByText(/cannot use a ControlNet yet/)).toBeVisible();
});
