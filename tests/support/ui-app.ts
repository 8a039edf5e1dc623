// Mounts the whole page over a fake engine and library in a browser test, on storage that starts empty unless it is kept.

import "../../src/ui/styles/tokens.css";
import { deleteDB } from "idb";
import { onTestFinished } from "vitest";
import { openPageStorage, type PageStorage } from "../../src/gallery/page-storage.ts";
import type { App } from "../../src/ui/app.ts";
import { AppUpdates } from "../../src/ui/controllers/app-updates.ts";
import { mountApp } from "../../src/ui/mount-app.ts";
import { FakeBenchmark } from "./fake-benchmark.ts";
import { FakeEngine, type FakeEngineOptions, FakeLibrary } from "./ui-fakes.ts";

export interface MountedApp {
  readonly app: App;
  readonly engine: FakeEngine;
  readonly library: FakeLibrary;
  readonly storage: PageStorage;
  readonly benchmark: FakeBenchmark;
  /** Takes the page away, as closing the tab does; what is stored stays. */
  close(): void;
}

export async function clearStorage(): Promise<void> {
  sessionStorage.clear();
  await deleteDB("kiln-page");
  const root = await navigator.storage.getDirectory();
  for await (const name of root.keys()) await root.removeEntry(name, { recursive: true });
}

export async function openApp(options: FakeEngineOptions = {}): Promise<MountedApp> {
  location.hash = "#/generate";
  const engine = new FakeEngine(options);
  const library = new FakeLibrary();
  const benchmark = new FakeBenchmark();
  const storage = await openPageStorage();
  const app = await mountApp(
    { engine, library, storage, benchmark, baseUrl: location.origin },
    new AppUpdates(),
  );
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    dispatchEvent(new Event("pagehide"));
    document.body.replaceChildren();
    storage.dispose();
  };
  onTestFinished(close);
  return { app, engine, library, storage, benchmark, close };
}
