// What bad input and bad luck get: a sentence, nothing lost, and an app that goes on working.

import { expect, type Page } from "@playwright/test";
import {
  fillRecipe,
  galleryPictures,
  generate,
  generatePicture,
  openPage,
  setNumber,
  SHIPPED_MODELS,
  test,
} from "./support.ts";

const PROMPT = "a white house on a hill";

interface WorkersWindow extends Window {
  startedWorkers: Worker[];
}

/** Keeps the page's workers within reach, so that a test can kill one as a crash would. */
async function rememberWorkers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const started: Worker[] = [];
    (window as unknown as WorkersWindow).startedWorkers = started;
    window.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        started.push(this);
      }
    };
  });
  await page.reload();
}

async function dropFile(
  page: Page,
  name: string,
  bytes: Buffer,
  type = "application/octet-stream",
): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ name, base64, type }) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      data.items.add(new File([bytes], name, { type }));
      return data;
    },
    { name, base64: bytes.toString("base64"), type },
  );
  for (const event of ["dragenter", "dragover", "drop"]) {
    await page.dispatchEvent("body", event, { dataTransfer: transfer });
  }
}

test("a file that is no model is refused with a sentence, and pictures can still be made", async ({
  app,
}) => {
  await expect(app.getByRole("button", { name: "Generate", exact: true })).toBeVisible();
  await dropFile(app, "broken.safetensors", Buffer.from("this is not a model, whatever its name says"));
  await expect(app.getByRole("alert").first()).toContainText("broken.safetensors");
  await openPage(app, "Models");
  const models = app.getByRole("list", { name: "Models on this device" });
  await expect(models.getByRole("listitem")).toHaveCount(SHIPPED_MODELS);
  await openPage(app, "Generate");
  await fillRecipe(app, PROMPT, { steps: 1 });
  await generatePicture(app, PROMPT);
});

test("a killed engine worker fails its job, keeps the recipe and the gallery, and the next job works", async ({
  app,
}) => {
  await rememberWorkers(app);
  await fillRecipe(app, PROMPT, { steps: 1 });
  await generatePicture(app, PROMPT);

  const doomed = "a picture that never ends";
  await fillRecipe(app, doomed, { steps: 150 });
  await generate(app);
  await expect(app).toHaveTitle(/^\[\d+%/);
  await app.evaluate(() => {
    for (const worker of (window as unknown as WorkersWindow).startedWorkers) worker.terminate();
  });
  await expect(app.getByRole("alert").first()).toContainText("stopped working");
  await expect(app.getByLabel("Prompt", { exact: true })).toHaveValue(doomed);

  await fillRecipe(app, PROMPT, { steps: 1, seed: 43 });
  await generatePicture(app, PROMPT);
  await openPage(app, "Gallery");
  await expect(galleryPictures(app, PROMPT)).toHaveCount(2);
});

test("interrupt ends a job within a step and the queue goes on", async ({ app }) => {
  await fillRecipe(app, "a long one", { steps: 150 });
  await generate(app);
  await expect(app).toHaveTitle(/^\[\d+%/);
  await app.getByRole("button", { name: "Interrupt", exact: true }).click();
  await expect(app).toHaveTitle(/^Kiln/, { timeout: 20_000 });
  await fillRecipe(app, PROMPT, { steps: 1 });
  await generatePicture(app, PROMPT);
});

test("jobs that wait survive a reload", async ({ app }) => {
  await fillRecipe(app, "a long one", { steps: 150 });
  await generate(app);
  await expect(app).toHaveTitle(/^\[\d+%/);
  await fillRecipe(app, PROMPT, { steps: 1 });
  await app.keyboard.press("Control+Enter");
  await expect(app.getByRole("list", { name: "Queue" })).toContainText(PROMPT);
  await app.reload();
  await expect(app.getByRole("list", { name: "Queue" })).toContainText(PROMPT);
});

test("sizes off the grid and steps out of range never reach the engine as they are", async ({ app }) => {
  await fillRecipe(app, PROMPT, { steps: 1 });
  await setNumber(app, "Width", 133);
  await expect(app.getByRole("spinbutton", { name: "Width", exact: true })).toHaveValue(/^(128|136)$/);
  await setNumber(app, "Steps", 0);
  await expect(app.getByRole("spinbutton", { name: "Steps", exact: true })).toHaveValue("1");
  await generatePicture(app, PROMPT);
});
