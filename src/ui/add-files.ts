// Files and whole folders on their way into the library: models are imported, what describes them is handed back.

import { msg, str } from "@lit/localize";
import type { App } from "./app.ts";
import { isModelFile } from "./dropped.ts";

/** What other model managers leave beside a model. */
const SIDECAR = /\.(metadata\.json|civitai\.info|cm-info\.json|preview\.(png|jpe?g|webp)|json)$/i;

/** Imports the models one after the other; returns the metadata files among the rest. */
export async function addFiles(app: App, files: readonly File[]): Promise<readonly File[]> {
  const models = files.filter(({ name }) => isModelFile(name));
  const sidecars = files.filter(({ name }) => !isModelFile(name) && SIDECAR.test(name));
  if (models.length === 0 && sidecars.length === 0 && files.length > 0) {
    app.toasts.show(msg("There is no model among these files."));
    return [];
  }
  let imported = 0;
  for (const file of models) {
    const record = await app.models.importFile(file);
    if (!record) continue;
    imported++;
    if (models.length === 1) app.toasts.show(msg(str`${record.name} is ready.`));
  }
  if (models.length > 1) app.toasts.show(msg(str`${imported} of ${models.length} models imported.`));
  return sidecars;
}
