// The page's view of the queue while it is being read: what changes meanwhile is not set back, what arrived before is noticed.

import { expect, test } from "vitest";
import type { Download, DownloadSettings } from "../../../src/protocol/downloads-api.ts";
import { DownloadsController } from "../../../src/ui/controllers/downloads-controller.ts";
import { FakeDownloads } from "../../support/fake-downloads.ts";

const running: Download = {
  ...{ id: "d", title: "Model", address: "https://example.org/a.safetensors", source: "direct" },
  ...{ state: "running", bytesDone: 1, addedAt: 0 },
};

test("an entry that ends while the settings are read stays ended", async () => {
  const downloads = new (class extends FakeDownloads {
    override settings(): Promise<DownloadSettings> {
      this.put("d", { state: "done", modelId: "m" });
      return super.settings();
    }
  })();
  downloads.entries = [running];
  const finished: string[] = [];
  const controller = new DownloadsController(downloads, Promise.resolve(), ({ id }) => finished.push(id));
  await controller.load();
  expect(controller.state.value.downloads).toMatchObject([{ id: "d", state: "done" }]);
  expect(controller.state.value.settings).toBeDefined();
  expect(finished).toEqual(["d"]);
});

test("a model that arrived before the page was told of changes is noticed", async () => {
  const downloads = new FakeDownloads();
  downloads.entries = [{ ...running, state: "done", modelId: "m" }];
  const finished: string[] = [];
  await new DownloadsController(downloads, Promise.resolve(), ({ id }) => finished.push(id)).load();
  expect(finished).toEqual(["d"]);
});
