// The library in the app's own worker, for tests in a browser. Test support.

import { LibraryClient } from "../../src/client/library-client.ts";
import type { Download, DownloadState } from "../../src/protocol/downloads-api.ts";

/** Started; whoever calls ends the workers given to `onWorker`. */
export async function openWorkerLibrary(onWorker: (worker: Worker) => void): Promise<LibraryClient> {
  const client = new LibraryClient((name) => {
    const url = new URL("../../src/workers/library.worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module", name });
    onWorker(worker);
    return worker;
  });
  await client.start({ baseUrl: new URL("/tests/fixtures/library/whole/", location.origin).href });
  return client;
}

/** Waits for one of the states. @throws Error when the download fails and that is none of them. */
export async function downloadUntil(
  library: LibraryClient,
  id: string,
  ...states: readonly DownloadState[]
): Promise<Download> {
  for (;;) {
    const download = (await library.downloads.list()).find((entry) => entry.id === id);
    if (download && states.includes(download.state)) return download;
    if (download?.state === "failed") throw new Error(JSON.stringify(download.error));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
