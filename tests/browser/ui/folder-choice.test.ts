// What a person sees of models of several files and of recommended ones before they start: forms, sizes, licence, one click.

import { beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { clearStorage, openApp } from "../../support/ui-app.ts";
import type { SourceFolder } from "../../../src/protocol/downloads-api.ts";

const ADDRESS = "https://huggingface.co/owner/harbour";
const SHA256 = "ab".repeat(32);

const button = (name: string) => page.getByRole("button", { name, exact: true });

function folder(variant: string, bytes: number, primary: boolean): SourceFolder {
  const file = (path: string, size: number): SourceFolder["files"][number] => ({
    ...{ path, bytes: size, sha256: SHA256, address: `${ADDRESS}/resolve/main/${path}` },
  });
  return {
    ...{ address: `${ADDRESS}/tree/main`, name: "harbour", variant, primary },
    files: [file("model_index.json", 1000), file(`unet/model.${variant}.safetensors`, bytes)],
  };
}

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
});

test("a folder is offered in its forms with licence and size, and goes into the queue as one model", async () => {
  const { library } = await openApp();
  const { downloads } = library;
  const folders = [folder("fp16", 2e9, true), folder("", 4e9, false)];
  const files = [{ address: `${ADDRESS}/one.ckpt`, fileName: "one.ckpt", bytes: 7e9, primary: false }];
  const contents = { title: "owner/harbour", pageUrl: ADDRESS, license: "openrail++", files, folders };
  downloads.contents.set(ADDRESS, { source: "huggingface", ...contents });
  location.hash = "#/models";
  await page.getByRole("textbox", { name: "Model address" }).fill(ADDRESS);
  await userEvent.keyboard("{Enter}");
  await expect.element(page.getByText("Licence: openrail++")).toBeVisible();
  await expect.element(page.getByRole("checkbox", { name: /harbour, fp16 weights/ })).toBeChecked();
  await expect.element(page.getByText("model of 2 files · 2 GB")).toBeVisible();
  await expect.element(button("Download 2 GB")).toBeVisible();

  await page.getByRole("checkbox", { name: /harbour, fp16 weights/ }).click();
  await page.getByRole("checkbox", { name: /harbour, weights as published/ }).click();
  await button("Download 4 GB").click();
  const { address, name: fileName } = folders[1];
  await expect.poll(() => downloads.requests).toEqual([{ address, fileName, files: folders[1].files }]);
  await expect.element(page.getByRole("list", { name: "Download queue" }).getByText(/2 files/)).toBeVisible();
});

test("the memory that is shown is what the device in use takes", async () => {
  const half = await openApp({ device: { device: "webgpu", precision: "float16" } });
  location.hash = "#/models";
  await page.getByText("Recommended models").first().click();
  const row = page
    .getByRole("list", { name: "Recommended models" })
    .getByRole("listitem")
    .filter({ has: button("Download Stable Diffusion XL 1.0") });
  await expect.element(row.last()).toHaveTextContent("needs 9.8 GB of memory");
  half.close();
  await openApp({ device: { device: "webgpu", precision: "float32" } });
  location.hash = "#/models";
  await page.getByText("Recommended models").first().click();
  await expect.element(row.last()).toHaveTextContent("needs 16.5 GB of memory");
});

test("a recommended model shows licence, size and memory, and starts with one click on either page", async () => {
  const { library } = await openApp();
  const { downloads } = library;
  const welcome = page.getByRole("list", { name: "Recommended models" });
  await expect
    .element(welcome.getByText(/CreativeML Open RAIL-M · needs .* of memory/).first())
    .toBeVisible();
  await expect.element(welcome.getByRole("listitem")).toHaveLength(3);
  await button("Download Stable Diffusion 1.5 (fp16)").click();
  await expect
    .poll(() => downloads.requests.at(0))
    .toMatchObject({ bytes: 2132696762, named: true, type: "checkpoint" });
  expect(downloads.requests[0].address).toMatch(/^https:\/\/huggingface\.co\/.*\/resolve\/[0-9a-f]{40}\//);

  await expect.poll(() => location.hash).toBe("#/models");
  await page.getByText("Recommended models").first().click();
  // The Generate page stays behind this one, with its own list.
  await expect.element(page.getByText("In the queue").last()).toBeVisible();
  await button("Download LCM-LoRA for SD 1.5").click();
  await expect
    .poll(() => downloads.requests.at(1))
    .toMatchObject({ fileName: "lcm-lora-sdv1-5.safetensors", type: "lora" });
});
