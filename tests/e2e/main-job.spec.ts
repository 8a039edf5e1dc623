// The main job as a first-time user does it: type, watch, find it again, and do it once more with the network and server gone.

import { expect } from "@playwright/test";
import { fillRecipe, generate, openGallery, stagePicture, test } from "./support.ts";

const PROMPT = "a red lighthouse by the sea at sunset";

test("a picture emerges, survives a reload, and the app generates with the server stopped", async ({
  app,
  server,
}) => {
  await fillRecipe(app, PROMPT);
  await generate(app);
  await expect(app).toHaveTitle(/^\[\d+%/);
  await expect(stagePicture(app, PROMPT)).toBeVisible({ timeout: 120_000 });
  await expect(app).toHaveTitle(/^Kiln/);

  await app.reload();
  await expect(app.getByLabel("Prompt", { exact: true })).toHaveValue(PROMPT);
  await openGallery(app);
  await expect(app.getByRole("img", { name: PROMPT })).toHaveCount(1);

  // The service worker must have taken everything it needs before the server goes away.
  await app.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await server.close();
  await app.goto(server.url);
  const offlinePrompt = "a blue sailing boat on a lake";
  await fillRecipe(app, offlinePrompt, { seed: 7 });
  await generate(app);
  await expect(stagePicture(app, offlinePrompt)).toBeVisible({ timeout: 120_000 });
  await openGallery(app);
  await expect(app.getByRole("img", { name: offlinePrompt })).toHaveCount(1);
  await expect(app.getByRole("img", { name: PROMPT })).toHaveCount(1);
});

test("the same seed gives the same picture and another seed another", async ({ app }) => {
  await fillRecipe(app, PROMPT, { steps: 2 });
  const pictures: string[] = [];
  for (const seed of [42, 42, 43]) {
    await fillRecipe(app, PROMPT, { steps: 2, seed });
    await generate(app);
    await expect(app.getByRole("button", { name: "Interrupt", exact: true })).toBeHidden({
      timeout: 120_000,
    });
    await expect(stagePicture(app, PROMPT)).toBeVisible({ timeout: 120_000 });
    pictures.push(
      await stagePicture(app, PROMPT).evaluate(async (element) => {
        const bitmap = await createImageBitmap(element as HTMLImageElement);
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = canvas.getContext("2d")!;
        context.drawImage(bitmap, 0, 0);
        const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
        const hash = await crypto.subtle.digest("SHA-256", data);
        return Array.from(new Uint8Array(hash).slice(0, 8)).join("-");
      }),
    );
  }
  expect(pictures[1]).toBe(pictures[0]);
  expect(pictures[2]).not.toBe(pictures[0]);
});
