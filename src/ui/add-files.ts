// Files and whole folders on their way into the library: models are imported, what describes them is handed back.

import { msg, str } from "@lit/localize";
import type { App } from "./app.ts";
import { isModelFile } from "./dropped.ts";
import { pickedFolder, sortFolder } from "./model-folders.ts";

/** What other model managers leave beside a model. */
const SIDECAR = /\.(metadata\.json|civitai\.info|cm-info\.json|preview\.(png|jpe?g|webp)|json)$/i;

/** Imports the models one after the other; returns the metadata files among the rest. */
export async function addFiles(app: App, picked: readonly File[]): Promise<readonly File[]> {
  const { models: folders, files } = sortFolder(pickedFolder(picked));
  const models = files.filter(({ name }) => isModelFile(name));
  const sidecars = files.filter(({ name }) => !isModelFile(name) && SIDECAR.test(name));
  if (folders.length + models.length + sidecars.length === 0 && picked.length > 0) {
    app.toasts.show(msg("There is no model among these files."));
    return [];
  }
  let imported = 0;
  const imports = [
    ...folders.map((entries) => () => app.models.importFolder(entries)),
    ...models.map((file) => () => app.models.importFile(file)),
  ];
  for (const run of imports) {
    const record = await run();
    if (!record) continue;
    imported++;
    if (imports.length === 1) app.toasts.show(msg(str`${record.name} is ready.`));
  }
  if (imports.length > 1) app.toasts.show(msg(str`${imported} of ${imports.length} models imported.`));
  return sidecars;
}
