// Opens what the page works with: the two workers' clients and the page's storage. Draws nothing.

import { BenchmarkClient } from "./client/benchmark-client.ts";
import { EngineClient } from "./client/engine-client.ts";
import { LibraryClient } from "./client/library-client.ts";
import { openPageStorage } from "./gallery/page-storage.ts";
import type { AppServices } from "./ui/app.ts";

export async function startServices(): Promise<AppServices> {
  const baseUrl = new URL("./", location.href).href;
  return {
    engine: new EngineClient(),
    library: new LibraryClient(),
    storage: await openPageStorage(),
    benchmark: new BenchmarkClient(baseUrl),
    baseUrl,
  };
}
