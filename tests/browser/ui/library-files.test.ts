// Files and folders around the library: copies saved elsewhere, watched folders, duplicates, pasted addresses.

import { beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import { FoldersController } from "../../../src/ui/controllers/folders-controller.ts";
import { SavingController } from "../../../src/ui/controllers/saving-controller.ts";
import { clearStorage, type MountedApp, openApp } from "../../support/ui-app.ts";
import { FakeLibrary } from "../../support/ui-fakes.ts";
import { seedCatalog, seedLibrary, seedModel } from "../../support/ui-library-seed.ts";

const button = (name: string) => page.getByRole("button", { name, exact: true });
const root = (): Promise<FileSystemDirectoryHandle> => navigator.storage.getDirectory();

beforeEach(async () => {
  await page.viewport(1440, 900);
  await clearStorage();
});

async function openLibrary(count: number, address: string): Promise<MountedApp> {
  const mounted = await openApp();
  seedLibrary(mounted.library, count);
  await mounted.app.models.load();
  await mounted.app.metadata.refresh();
  location.hash = address;
  return mounted;
}

function paste(text: string): void {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, composed: true }));
}

test("a copy is written byte by byte to the file that was picked", async () => {
  const library = new FakeLibrary();
  seedLibrary(library, 1);
  const { id, fileName, name } = seedModel(0);
  const picked: string[] = [];
  const saving = new SavingController(library.storage, async (suggested) => {
    picked.push(suggested);
    return (await root()).getFileHandle("copy.safetensors", { create: true });
  });
  expect(await saving.save(id, fileName)).toBe("written");
  expect(picked).toEqual([fileName]);
  const copy = await (await (await root()).getFileHandle("copy.safetensors")).getFile();
  expect(await copy.text()).toBe(`weights of ${name}`);
});

test("a copy that cannot be made says why; one that nobody wanted says nothing", async () => {
  const library = new FakeLibrary();
  const target = async (): Promise<FileSystemFileHandle> =>
    (await root()).getFileHandle("copy.safetensors", { create: true });
  const failing = new SavingController(library.storage, target);
  expect(await failing.save("gone", "gone.safetensors")).toBe("failed");
  expect(failing.state.value.error?.name).toBe("ModelNotFound");
  const cancelled = new SavingController(library.storage, () => Promise.resolve(undefined));
  expect(await cancelled.save("gone", "gone.safetensors")).toBe("cancelled");
  expect(cancelled.state.value.error).toBeUndefined();
});

test("a folder is watched, looked at and let go; what it brings is told", async () => {
  const { folders } = new FakeLibrary();
  const handle = await (await root()).getDirectoryHandle("my-models", { create: true });
  let imported = 0;
  const controller = new FoldersController(
    folders,
    Promise.resolve(),
    () => imported++,
    () => Promise.resolve(handle),
  );
  await controller.load();
  await controller.add();
  const [folder] = controller.state.value.folders;
  expect(folder.name).toBe("my-models");
  await controller.look(folder);
  expect(folders.rescanned).toEqual([folder.id]);
  folders.emit({ type: "importing", folderId: folder.id, path: "a.safetensors" });
  expect(controller.state.value.importing).toBe("a.safetensors");
  folders.emit({ type: "imported", folderId: folder.id, path: "a.safetensors", modelId: "a" });
  expect(controller.state.value.importing).toBeUndefined();
  expect(imported).toBe(1);
  await controller.remove(folder.id);
  expect(controller.state.value.folders).toEqual([]);
});

test("a folder that the browser asks about again says what it needs", async () => {
  const { library, app } = await openLibrary(0, "#/models/storage");
  const handle = await (await root()).getDirectoryHandle("my-models", { create: true });
  const facts = { permission: "prompt", watches: "not", modelFiles: 3, lookedAt: 1 } as const;
  library.folders.folders = [{ id: "f", name: "my-models", handle, ...facts }];
  await app.folders.load();
  const list = page.getByRole("list", { name: "Watched folders" });
  await expect.element(list).toHaveTextContent("the browser wants a click");
  await button("Allow and look").click();
  await expect.poll(() => library.folders.rescanned).toEqual(["f"]);
  await button("Stop watching my-models").click();
  await expect.poll(() => list.elements()).toEqual([]);
});

test("duplicates are listed, and one of them is removed", async () => {
  const { library } = await openLibrary(4, "#/models/storage");
  library.metadata.groups = [{ reason: "same-file", ids: [seedModel(0).id, seedModel(1).id] }];
  await button("Find duplicates").click();
  const list = page.getByRole("list", { name: "The same file" });
  await expect.element(list).toHaveTextContent("Dawn 1");
  await expect.element(list).toHaveTextContent("Papercut 1");
  await list.getByRole("button", { name: "Remove" }).first().click();
  await expect.element(button("Undo")).toBeVisible();
  await expect.poll(() => list.elements()).toEqual([]);
});

test("an address pasted in any view is read where it belongs", async () => {
  const { app, library } = await openLibrary(1, "#/models/storage");
  seedCatalog(library, 3);
  await expect.element(button("Quick check")).toBeVisible();
  paste("https://civitai.com/models/101");
  await expect
    .element(page.getByLabelText("Model address", { exact: true }))
    .toHaveValue("https://civitai.com/models/101");
  await expect.poll(() => location.hash).toBe("#/models");
  await app.settings.set("browsesCivitai", true);
  location.hash = "#/models/civitai";
  await expect.element(page.getByLabelText("Search Civitai", { exact: true })).toBeVisible();
  paste("https://civitai.com/models/101");
  await expect.element(page.getByRole("dialog", { name: "Harbour Dreams 1", exact: true })).toBeVisible();
});
