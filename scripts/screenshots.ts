// `npm run screenshots`: takes the pictures of docs/screenshots and of the install dialog from the built app, at desktop and
// phone size, light and dark, in every state of note. For people to look at; nothing compares them.

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { startAppServer } from "./app-server.ts";
import { CHROMIUM_ARGS, ensureChromium } from "./chromium.ts";
import { ensureBuild } from "./ensure-build.ts";

const ROOT = join(import.meta.dirname, "..");
const FOLDER = join(ROOT, "docs/screenshots");
const INSTALL_FOLDER = join(ROOT, "public/screenshots");
const PROMPTS = [
  "two sailing boats on a calm lake, mountains behind",
  "a green meadow with a big tree, sunny day",
  "a red lighthouse by the sea at sunset",
];

const VIEWPORTS = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
};
type Device = keyof typeof VIEWPORTS;
type Theme = "light" | "dark";

async function generate(page: Page, prompt: string): Promise<void> {
  await page.getByLabel("Prompt", { exact: true }).fill(prompt);
  await page.getByRole("button", { name: "Generate", exact: true }).click();
  await page.getByRole("img", { name: prompt }).first().waitFor({ timeout: 300_000 });
  await page.waitForFunction(() => document.title.startsWith("Kiln"), undefined, { timeout: 60_000 });
}

/** The states of the library that need no network: an address that was read, details, the question before browsing, storage. */
async function takeLibrary(page: Page, shoot: (state: string) => Promise<unknown>): Promise<void> {
  const view = (name: string) =>
    page.getByRole("navigation", { name: "Models" }).getByRole("link", { name, exact: true }).click();
  await page.getByLabel("Model address").fill("https://civitai.com/models/123456?modelVersionId=789012");
  await shoot("models-address");
  await page.getByLabel("Model address").fill("");
  await page.getByRole("button", { name: "Open Kiln Small" }).click();
  await page.getByRole("dialog").waitFor();
  await page.waitForTimeout(500);
  await shoot("models-details");
  await page.keyboard.press("Escape");
  for (const [name, state] of [
    ["Browse Civitai", "models-civitai"],
    ["Storage", "models-storage"],
  ] as const) {
    await view(name);
    await page.waitForTimeout(800);
    await shoot(state);
  }
  await view("Library");
}

async function takeAll(browser: Browser, url: string, device: Device, theme: Theme): Promise<void> {
  const context = await browser.newContext({
    viewport: VIEWPORTS[device],
    colorScheme: theme,
    hasTouch: device === "phone",
    isMobile: device === "phone",
  });
  const page = await context.newPage();
  const shoot = (state: string): Promise<unknown> =>
    page.screenshot({ path: join(FOLDER, `${state}-${device}-${theme}.png`) });

  await page.goto(url);
  await page.getByText("What should it look like?").waitFor();
  await shoot("empty");
  for (const prompt of PROMPTS.slice(0, -1)) await generate(page, prompt);
  await page.getByLabel("Prompt", { exact: true }).fill(PROMPTS.at(-1)!);
  await page.getByRole("button", { name: "Generate", exact: true }).click();
  await page.waitForFunction(() => /^\[[4-9]\d%/.test(document.title), undefined, { timeout: 300_000 });
  await shoot("running");
  await page.waitForFunction(() => document.title.startsWith("Kiln"), undefined, { timeout: 300_000 });
  await page
    .getByRole("img", { name: PROMPTS.at(-1) })
    .first()
    .waitFor();
  await shoot("generate");
  for (const name of ["Gallery", "Models", "Settings"]) {
    await page.getByRole("navigation").getByRole("link", { name, exact: true }).first().click();
    await page.waitForTimeout(1500); // thumbnails and meters settle
    await shoot(name.toLowerCase());
    if (name === "Models") await takeLibrary(page, shoot);
    if (name !== "Gallery") continue;
    await page
      .getByRole("main")
      .getByRole("button", { name: PROMPTS.at(-1), exact: true })
      .first()
      .click();
    await page.getByRole("dialog").waitFor();
    await page.waitForTimeout(800);
    await shoot("lightbox");
    await page.keyboard.press("Escape");
  }
  await shootUpscale(page, shoot);
  await context.close();
}

/** A picture of the gallery doubled, with the line in the middle. */
async function shootUpscale(page: Page, shoot: (state: string) => Promise<unknown>): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name: "Gallery", exact: true }).first().click();
  await page
    .getByRole("main")
    .getByRole("button", { name: PROMPTS.at(-1), exact: true })
    .first()
    .click();
  await page.getByRole("dialog").getByRole("button", { name: "Upscale", exact: true }).click();
  await page.getByRole("button", { name: "Upscale picture", exact: true }).click();
  const slider = page.getByRole("slider", { name: "Compare before and after" });
  await slider.waitFor({ timeout: 300_000 });
  await slider.scrollIntoViewIfNeeded();
  await page.waitForTimeout(800);
  await shoot("upscale");
}

mkdirSync(FOLDER, { recursive: true });
mkdirSync(INSTALL_FOLDER, { recursive: true });
const server = await startAppServer({ folder: await ensureBuild(ROOT), port: 0 });
const browser = await chromium.launch({ executablePath: ensureChromium(), args: [...CHROMIUM_ARGS] });
try {
  for (const device of ["desktop", "phone"] as const) {
    for (const theme of ["dark", "light"] as const) {
      await takeAll(browser, server.url, device, theme);
      console.log(`${device}, ${theme}`);
    }
    copyFileSync(join(FOLDER, `generate-${device}-dark.png`), join(INSTALL_FOLDER, `${device}.png`));
  }
} finally {
  await browser.close();
  await server.close();
}
