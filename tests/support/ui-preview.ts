// The page over a fake engine and library, to look at its states with `npm run dev`: /tests/support/ui-preview.html?step=300

import "../../src/ui/styles/tokens.css";
import { openPageStorage } from "../../src/gallery/page-storage.ts";
import { AppError } from "../../src/protocol/app-error.ts";
import { AppUpdates } from "../../src/ui/controllers/app-updates.ts";
import { mountApp } from "../../src/ui/mount-app.ts";
import { FakeEngine, FakeLibrary } from "./ui-fakes.ts";

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
await mountApp(
  {
    engine,
    library: new FakeLibrary(),
    storage: await openPageStorage(),
    baseUrl: new URL("/", location.href).href,
  },
  new AppUpdates(),
);
