// The page over a fake engine and library, to look at its states with `npm run dev`: /tests/support/ui-preview.html?step=300,
// ?models=24&downloads for a library that is in use.

import "../../src/ui/styles/tokens.css";
import { openPageStorage } from "../../src/gallery/page-storage.ts";
import { AppError } from "../../src/protocol/app-error.ts";
import { AppUpdates } from "../../src/ui/controllers/app-updates.ts";
import { mountApp } from "../../src/ui/mount-app.ts";
import { FakeBenchmark } from "./fake-benchmark.ts";
import { FakeEngine, FakeLibrary, paint } from "./ui-fakes.ts";
import { seedCatalog, seedDownloads, seedLibrary } from "./ui-library-seed.ts";

const query = new URLSearchParams(location.search);
const engine = new FakeEngine({
  stepMs: Number(query.get("step") ?? 60),
  failWith: query.has("fail")
    ? new AppError("OutOfMemory", "The device ran out of memory while making 1024 × 1024 pictures.", {
        where: "unet",
        expected: "2.1 GB of free device memory",
        got: "1.4 GB",
      })
    : undefined,
});
const library = new FakeLibrary();
if (query.has("models")) {
  const previews = await Promise.all(
    [1, 2, 3, 4, 5].map((seed) => paint(400, 520, seed, 1).convertToBlob({ type: "image/png" })),
  );
  seedLibrary(library, Number(query.get("models")), previews);
  seedCatalog(library, 60, new URL("/docs/contact-sheet.png", location.href).href);
}
if (query.has("downloads")) seedDownloads(library);
await mountApp(
  {
    engine,
    library,
    storage: await openPageStorage(),
    benchmark: new FakeBenchmark(),
    baseUrl: new URL("/", location.href).href,
  },
  new AppUpdates(),
);
if (query.has("downloads")) {
  library.downloads.progress({
    id: "d1",
    bytesDone: 1_204_000_000,
    bytesTotal: 2_132_625_894,
    percent: 56.4,
    bytesPerSecond: 12_300_000,
    secondsLeft: 75,
  });
}
