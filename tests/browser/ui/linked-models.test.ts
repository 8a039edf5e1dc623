// Models that stay in files of the user's: adding, the badge, the browser's lock, changed files, and forgetting.

import { beforeEach, expect, onTestFinished, test } from "vitest";
import { page } from "vitest/browser";
import { AppError } from "../../../src/protocol/app-error.ts";
import type { LinkedFileState } from "../../../src/protocol/linked-files.ts";
import { clearStorage, type MountedApp, openApp } from "../../support/ui-app.ts";

const button = (name: string) => page.getByRole("button", { name, exact: true });
const LARGE = 65 * 1024 * 1024;

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
});

async function fileOf(name: string, bytes: number): Promise<FileSystemFileHandle> {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle(name, { create: true });
  const writable = await handle.createWritable();
  await writable.truncate(bytes);
  await writable.close();
  return handle;
}

/** Stands in for the picker of files, which no test can click. */
function pickWith(...handles: readonly FileSystemFileHandle[]): void {
  const host = globalThis as { showOpenFilePicker?: unknown };
  const before = host.showOpenFilePicker;
  host.showOpenFilePicker = () => Promise.resolve(handles);
  onTestFinished(() => void (host.showOpenFilePicker = before));
}

async function openLinked(): Promise<MountedApp> {
  pickWith(await fileOf("mine.safetensors", 1000));
  const mounted = await openApp();
  await expect.element(button("Generate")).toBeVisible();
  location.hash = "#/models";
  await button("Use in place").click();
  await expect.element(page.getByText("mine is used where it is.")).toBeVisible();
  return mounted;
}

async function setState({ app, library }: MountedApp, state: LinkedFileState): Promise<void> {
  library.links.files = library.links.files.map((file) => ({ ...file, state }));
  await app.links.refresh();
}

test("a picked file is used where it is, is marked so, and is only forgotten when removed", async () => {
  const { library } = await openLinked();
  const cards = page.getByRole("list", { name: "Models on this device" });
  await expect.element(cards.getByText("In place", { exact: true })).toBeVisible();
  await button("Details of mine").click();
  await expect
    .element(page.getByRole("region", { name: "File in place" }))
    .toHaveTextContent(/only forgets it; the file stays/);
  await button("Close").click();
  await button("More for mine").click();
  await page.getByRole("menuitem", { name: "Forget this model; the file stays" }).click();
  await expect.element(page.getByText("mine is being forgotten; its file stays where it is.")).toBeVisible();
  expect(library.models.map(({ name }) => name)).toContain("mine");
});

test("a file that the browser locked again is asked for in the click, and the model can be used then", async () => {
  const mounted = await openLinked();
  const asked: string[] = [];
  const requestPermission = (): Promise<PermissionState> => {
    asked.push("mine");
    mounted.library.links.files = mounted.library.links.files.map((file) => ({ ...file, state: "ready" }));
    return Promise.resolve("granted");
  };
  mounted.library.links.files = mounted.library.links.files.map((file) => ({
    ...file,
    handle: Object.assign(Object.create(file.handle) as FileSystemFileHandle, { requestPermission }),
  }));
  await setState(mounted, "ask");
  const cards = page.getByRole("list", { name: "Models on this device" });
  await expect.element(cards.getByText("In place, locked")).toBeVisible();
  await expect.element(button("Allow reading")).toBeVisible();
  await page
    .getByRole("region", { name: "Files in place" })
    .getByRole("button", { name: "Allow again" })
    .click();
  await expect.element(cards.getByText("In place", { exact: true })).toBeVisible();
  expect(asked).toEqual(["mine"]);
  await expect.poll(() => button("Allow again").elements()).toEqual([]);
  await expect.element(cards.getByRole("button", { name: "Use", exact: true })).toHaveLength(1);
});

test("a picture that failed for a locked file is allowed and tried again with one button", async () => {
  const mounted = await openLinked();
  const { library, engine } = mounted;
  const asked: string[] = [];
  const requestPermission = (): Promise<PermissionState> => {
    asked.push("mine");
    return Promise.resolve("granted");
  };
  library.links.files = library.links.files.map((file) => ({
    ...file,
    handle: Object.assign(Object.create(file.handle) as FileSystemFileHandle, { requestPermission }),
  }));
  await setState(mounted, "ask");
  engine.options.failWith = new AppError("AccessDenied", "Kiln may no longer read mine.safetensors.");
  location.hash = "#/generate";
  await page.getByLabelText("Prompt", { exact: true }).fill("a hill");
  await button("Generate").click();
  await button("Allow and try again").click();
  await expect.element(page.getByRole("img", { name: "a hill" }).first()).toBeVisible();
  expect(asked).toEqual(["mine"]);
});

test("a changed file is checked on demand; one that is gone says so and offers no use", async () => {
  const mounted = await openLinked();
  await setState(mounted, "changed");
  const cards = page.getByRole("list", { name: "Models on this device" });
  await expect.element(cards.getByText("File changed")).toBeVisible();
  await button("Check file").click();
  await expect.element(page.getByText("The file is the same as before.")).toBeVisible();
  expect(mounted.library.links.checked).toEqual(["mine"]);
  await expect.element(cards.getByText("In place", { exact: true })).toBeVisible();

  await setState(mounted, "missing");
  await expect.element(cards.getByText("File gone")).toBeVisible();
  await expect.poll(() => cards.getByRole("button", { name: "Use", exact: true }).elements()).toHaveLength(0);
  await button("Details of mine").click();
  await expect.element(page.getByText(/Put it back, add it from its new place/)).toBeVisible();
});

test("a large dropped file is copied or used in place, as the user chooses", async () => {
  const { library } = await openApp();
  await expect.element(button("Generate")).toBeVisible();
  const handle = await fileOf("large.safetensors", LARGE);
  const file = await handle.getFile();
  const target = document.querySelector("kiln-app")!.shadowRoot!.querySelector("kiln-drop-target")!;
  const drop = (): void => {
    const detail = { files: [file], handles: [Promise.resolve(handle)], folders: [], text: "" };
    target.dispatchEvent(new CustomEvent("anything-drop", { detail, bubbles: true, composed: true }));
  };
  drop();
  await button("Close").click();
  await expect.poll(() => page.getByRole("dialog").elements()).toEqual([]);
  expect(library.models).toHaveLength(1);
  drop();
  await page.getByRole("button", { name: /^Use in place Takes no space/ }).click();
  await expect.element(page.getByText("large is used where it is.")).toBeVisible();
  expect(library.models.at(-1)).toMatchObject({ name: "large", linked: {} });
});
