// One large download that is broken off at 50 places: by its connection, by the death of its worker and by the loss of its
// page. The file must be right in the end, and nothing may be listed before. Single failures are in downloads.test.ts.

import { deleteDB } from "idb";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LibraryClient } from "../../../src/client/library-client.ts";
import { forgetHosted, hostReport, hostModel } from "../../support/model-host-control.ts";
import { openWorkerLibrary } from "../../support/worker-library.ts";

const MEGABYTE = 1024 * 1024;
const BYTES = 200 * MEGABYTE;
const SEED = 12345;
// Five rounds of these: a new worker reads everything again, so connections make up most of them.
const ROUND = ["cut", "cut", "cut", "cut", "worker", "cut", "cut", "cut", "cut", "page"] as const;
const FAULTS = 50;

/** A library and how it is taken away. */
interface Holder {
  readonly library: LibraryClient;
  lose(): void;
}

let holder: Holder | undefined;

async function holdInWorker(): Promise<Holder> {
  let worker: Worker | undefined;
  const library = await openWorkerLibrary((started) => (worker = started));
  return { library, lose: () => worker?.terminate() };
}

async function holdInPage(): Promise<Holder> {
  const script = new URL("/tests/support/library-frame.ts", location.origin).href;
  const page = new Blob([`<script type="module" src="${script}"></script>`], { type: "text/html" });
  const frame = document.createElement("iframe");
  frame.src = URL.createObjectURL(page);
  await new Promise((resolve) => {
    frame.addEventListener("load", resolve);
    document.body.append(frame);
  });
  const failed = new Promise<never>((_, reject) => {
    frame.contentWindow!.addEventListener("error", (event) => reject(new Error(event.message)));
    frame.contentWindow!.addEventListener("unhandledrejection", ({ reason }) => reject(reason as Error));
  });
  const started = async (): Promise<Holder> => {
    for (;;) {
      const library = frame.contentWindow?.kilnLibrary;
      if (library) return { library, lose: () => frame.remove() };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return await Promise.race([started(), failed]);
}

function seededPlaces(): number[] {
  let state = SEED;
  const places = Array.from({ length: FAULTS }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return 1 + Math.floor((state / 2 ** 32) * (BYTES - 2));
  });
  return places.sort((a, b) => a - b);
}

beforeEach(async () => {
  await deleteDB("kiln-library");
  const root = await navigator.storage.getDirectory();
  for (const name of ["models", "downloads"]) {
    await root.removeEntry(name, { recursive: true }).catch(() => undefined);
  }
  await forgetHosted();
});

afterEach(() => holder?.lose());

test(`200 MB broken off at ${FAULTS} places by connection, worker and page arrive as the right file`, async () => {
  const faults = seededPlaces().map((place, i) => ({ place, kind: ROUND[i % ROUND.length] }));
  const placesOf = (kind: string): number[] =>
    faults.filter((fault) => fault.kind === kind).map(({ place }) => place);
  const wanted = await hostModel("/large.safetensors", BYTES, {
    ...{ cuts: placesOf("cut"), holds: [...placesOf("worker"), ...placesOf("page")] },
    ...{ cors: "exposed", etag: '"v1"' },
  });
  const stored = async (): Promise<boolean> =>
    (await holder!.library.listModels()).some(({ id }) => id === wanted.sha256);

  holder = await holdInWorker();
  const { id } = await holder.library.downloads.add(wanted);
  for (const { place, kind } of faults.filter((fault) => fault.kind !== "cut")) {
    await new Promise<void>((resolve) => {
      void holder!.library.downloads.subscribe((event) => {
        if (event.type === "progress" && event.progress.bytesDone >= place) resolve();
      });
    });
    expect(await stored()).toBe(false);
    holder.lose();
    holder = await (kind === "page" ? holdInWorker() : holdInPage());
  }
  await expect
    .poll(async () => (await holder!.library.downloads.list()).find((entry) => entry.id === id)?.state, {
      timeout: 240_000,
      interval: 100,
    })
    .toBe("done");

  expect(await stored()).toBe(true);
  expect(await holder.library.storage.check(true, () => undefined)).toEqual([]);
  const { requests, faultsLeft } = await hostReport();
  expect(faultsLeft).toBe(0);
  // Of a connection that breaks at once nothing may have arrived; from the first byte on there is no beginning again.
  const resumed = requests.findIndex(({ range }) => range !== undefined);
  expect(resumed).toBeLessThanOrEqual(2);
  expect(requests.slice(resumed).every(({ range }) => range !== undefined)).toBe(true);
}, 600_000);
