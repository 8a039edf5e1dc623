// The main job as a first-time user does it: type, watch, find it again, and do it once more with the network and server gone.

import { expect, type Page } from "@playwright/test";
import {
  fillRecipe,
  galleryPictures,
  generate,
  generatePicture,
  openPage,
  stagePicture,
  test,
} from "./support.ts";

const PROMPT = "a red lighthouse by the sea at sunset";

test("a picture emerges, survives a reload, and the app generates with the server stopped", async ({
  app,
  server,
}) => {
  // Enough steps that a look once a second meets one of them.
  await fillRecipe(app, PROMPT, { steps: 40 });
  await generate(app);
  await expect(app).toHaveTitle(/^\[\d+%/);
  await expect(app.getByRole("img", { name: "Preview of the picture being made" })).toBeVisible();
  await expect(stagePicture(app, PROMPT)).toBeVisible({ timeout: 120_000 });
  await expect(app).toHaveTitle(/^Kiln/);

  // The service worker has taken everything it needs.
  await expect(app.getByText("Ready to work offline")).toBeVisible();

  await app.reload();
  await expect(app.getByLabel("Prompt", { exact: true })).toHaveValue(PROMPT);
  await openPage(app, "Gallery");
  await expect(galleryPictures(app, PROMPT)).toHaveCount(1);

  await server.close();
  await app.context().setOffline(true);
  await app.goto(server.url);
  const offlinePrompt = "a blue sailing boat on a lake";
  await fillRecipe(app, offlinePrompt, { seed: 7 });
  await generatePicture(app, offlinePrompt);
  await openPage(app, "Gallery");
  await expect(galleryPictures(app, offlinePrompt)).toHaveCount(1);
  await expect(galleryPictures(app, PROMPT)).toHaveCount(1);
});

test("the same seed gives the same picture and another seed another", async ({ app }) => {
  const pictures: string[] = [];
  for (const seed of [42, 42, 43]) {
    await fillRecipe(app, PROMPT, { steps: 2, seed });
    await generatePicture(app, PROMPT);
    await expect(app.getByText(`seed ${seed}`)).toBeVisible();
    // Pictures of one prompt have one name: the stage may still show the last one.
    if (seed !== 42) await expect.poll(() => pixelHash(app)).not.toBe(pictures[0]);
    pictures.push(await pixelHash(app));
  }
  expect(pictures[1]).toBe(pictures[0]);
});

/** A hash of the pixels on the stage: files differ in their metadata, pictures must not. */
function pixelHash(page: Page): Promise<string> {
  return stagePicture(page, PROMPT).evaluate(async (element) => {
    const bitmap = await createImageBitmap(element as HTMLImageElement);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const hash = await crypto.subtle.digest("SHA-256", data);
    return Array.from(new Uint8Array(hash)).join("-");
  });
}
