// Settings survive reloads and never bring damaged data back into the app.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PageDatabase } from "../../../src/gallery/page-database.ts";
import { SettingsStore } from "../../../src/gallery/settings-store.ts";
import { settings } from "../../../src/gallery/settings.ts";
import { openFixture } from "./gallery-fixture.ts";

let database: PageDatabase;
const stores: SettingsStore[] = [];

async function open(): Promise<SettingsStore> {
  const store = await SettingsStore.open(database);
  stores.push(store);
  return store;
}

beforeEach(async () => {
  const fixture = await openFixture();
  fixture.gallery.dispose();
  database = fixture.database;
});

afterEach(() => {
  stores.splice(0).forEach((store) => store.dispose());
  database.close();
});

test("everything has a default that passes its own check", async () => {
  const store = await open();
  for (const key of Object.keys(settings) as (keyof typeof settings)[]) {
    expect(settings[key].repair(store.get(key))).toEqual(settings[key].default);
  }
});

test("values take effect at once and survive a reload", async () => {
  const store = await open();
  const stored = store.set("form", { prompt: "a boat", steps: 20, seed: -1 });
  expect(store.get("form")).toEqual({ prompt: "a boat", steps: 20, seed: -1 });
  await stored;
  await store.set("theme", "dark");
  const reloaded = await open();
  expect(reloaded.get("form")).toEqual({ prompt: "a boat", steps: 20, seed: -1 });
  expect(reloaded.get("theme")).toBe("dark");
});

test("a damaged field costs that field only", async () => {
  const value = {
    prompt: 5,
    steps: 20,
    width: -8,
    height: 1e9,
    seed: 1.5,
    sampler: "",
    clipSkip: 2,
    alien: 1,
  };
  await database.put("settings", { key: "form", version: 1, value });
  expect((await open()).get("form")).toEqual({ steps: 20, clipSkip: 2 });
});

test.each([
  ["theme", "purple"],
  ["device", null],
  ["preview", "yes"],
  ["form", "text"],
  ["form", null],
  ["openGroups", [1]],
  ["language", 3],
] as const)("a damaged %s (%j) becomes its default", async (key, value) => {
  await database.put("settings", { key, version: 1, value });
  expect((await open()).get(key)).toEqual(settings[key].default);
});

test("values of another version and unknown or hostile keys are ignored", async () => {
  await database.put("settings", { key: "theme", version: 99, value: "dark" });
  await database.put("settings", { key: "__proto__", version: 1, value: { polluted: true } });
  await database.put("settings", { key: "constructor", version: 1, value: 1 });
  expect((await open()).get("theme")).toBe("auto");
  expect("polluted" in {}).toBe(false);
});

test("a form with a key like __proto__ cannot reach the prototype", async () => {
  await database.put("settings", { key: "form", version: 1, value: JSON.parse('{"__proto__":{"steps":3}}') });
  expect((await open()).get("form").steps).toBeUndefined();
});

test("another tab sees the change", async () => {
  const [here, there] = [await open(), await open()];
  const keys: string[] = [];
  there.subscribe((key) => keys.push(key));
  await here.set("theme", "light");
  await vi.waitFor(() => expect(keys).toEqual(["theme"]));
  expect(there.get("theme")).toBe("light");
});
