// The LoRAs and the embedding that come with the app, to the picture. Their numerics are tested elsewhere; here they must be seen.

import { expect, type Page } from "@playwright/test";
import { fillRecipe, generatePicture, stagePicture, test } from "./support.ts";

const PROMPT = "a red lighthouse by the sea at sunset";

type Colour = readonly [red: number, green: number, blue: number];

/** Mean colour of the finished picture, 0 to 255. */
async function meanColour(page: Page, prompt: string): Promise<Colour> {
  return await stagePicture(page, prompt).evaluate((image: HTMLImageElement): Colour => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1, 1];
    const context = canvas.getContext("2d")!;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue];
  });
}

/** How much more red than blue there is. */
async function warmth(page: Page, prompt: string): Promise<number> {
  const [red, , blue] = await meanColour(page, prompt);
  return red - blue;
}

test("the shipped LoRA turns a picture into a blueprint, by its strength", async ({ app }) => {
  await fillRecipe(app, PROMPT, { steps: 4 });
  await app.getByRole("button", { name: "LoRA", exact: true }).click();
  await app.getByLabel("Add a LoRA").selectOption("Kiln Blueprint");
  const use = app.getByRole("checkbox", { name: "Use kiln-blueprint", exact: true });
  await use.uncheck();
  await generatePicture(app, PROMPT);
  await expect.poll(() => warmth(app, PROMPT)).toBeGreaterThan(20);

  await use.check();
  await generatePicture(app, PROMPT);
  // White lines on blue paper. Both pictures have the same name: the stage may still show the first.
  await expect
    .poll(async () => {
      const [red, green, blue] = await meanColour(app, PROMPT);
      return Math.min(blue - green - 40, blue - red - 60);
    })
    .toBeGreaterThan(0);
});

test("the shipped embedding turns day into evening by its name in the prompt", async ({ app }) => {
  const plain = "a boat on a lake";
  await fillRecipe(app, plain, { steps: 4 });
  await generatePicture(app, plain);
  await expect.poll(() => warmth(app, plain)).toBeLessThan(-20);

  const named = `${plain}, kiln-evening`;
  await fillRecipe(app, named, { steps: 4 });
  await generatePicture(app, named);
  await expect.poll(() => warmth(app, named)).toBeGreaterThan(20);
});
