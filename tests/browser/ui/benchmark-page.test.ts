// The page "Benchmark this device", from the settings to the JSON. The benchmark itself is a fake; tests/browser/engine runs the
// real one.

import { beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import { fakeReport } from "../../support/fake-benchmark.ts";
import { clearStorage, openApp } from "../../support/ui-app.ts";

const button = (name: string) => page.getByRole("button", { name, exact: true });
const link = (name: string) => page.getByRole("link", { name, exact: true });

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
});

test("it is reached from the settings only, shows how far it is, and gives the report as JSON", async () => {
  const { benchmark } = await openApp();
  await expect.element(link("Settings")).toBeVisible();
  expect(link("Benchmark this device").query()).toBeNull();
  await link("Settings").click();
  await link("Benchmark this device").click();
  await button("Start").click();
  await expect.poll(() => benchmark.requests).toHaveLength(1);
  expect(benchmark.requests[0]).toMatchObject({ size: "small", pictures: true, variants: false });
  benchmark.tell({ what: "sd-1.5 unet", done: 2, total: 9 });
  await expect.element(page.getByText("3 of 9: sd-1.5 unet")).toBeVisible();
  benchmark.finish(fakeReport());
  await expect.element(page.getByText("40 ms")).toBeVisible();
  const text = page.getByLabelText("Result as JSON", { exact: true }).element() as HTMLTextAreaElement;
  expect(JSON.parse(text.value)).toEqual(fakeReport());
  await expect.element(button("Copy JSON")).toBeVisible();
});

test("other ways to compute the same are compared on request, and shown", async () => {
  const { benchmark } = await openApp();
  location.hash = "#/benchmark";
  await page.getByRole("checkbox", { name: /^Compare other ways/ }).click();
  await button("Start").click();
  await expect.poll(() => benchmark.requests).toHaveLength(1);
  expect(benchmark.requests[0].variants).toBe(true);
  const way = { model: "sdxl", name: "attention written out" };
  const variants = [
    { ...way, ratio: 1.5, difference: 2e-6 },
    { ...way, name: "two runs", ratio: null, difference: null, failure: "out of memory" },
  ];
  benchmark.finish(fakeReport({ variants }));
  await expect.element(page.getByRole("row", { name: "sdxl: attention written out 150 %" })).toBeVisible();
  await expect.element(page.getByRole("row", { name: "sdxl: two runs failed" })).toBeVisible();
});

test("cancelling goes back to the start", async () => {
  const { benchmark } = await openApp();
  location.hash = "#/benchmark";
  await button("Start").click();
  await expect.poll(() => benchmark.requests).toHaveLength(1);
  await button("Cancel").click();
  await expect.element(button("Start")).toBeVisible();
});

test("a failure says why", async () => {
  const { benchmark } = await openApp();
  location.hash = "#/benchmark";
  await button("Start").click();
  await expect.poll(() => benchmark.requests).toHaveLength(1);
  benchmark.fail(new Error("The runtime could not be loaded."));
  await expect.element(page.getByRole("alert")).toHaveTextContent("The runtime could not be loaded.");
});
