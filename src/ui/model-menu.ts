// The rest of what can be done with a model, as rows of a menu.

import { msg } from "@lit/localize";
import type { App } from "./app.ts";
import type { MenuAction } from "./components/action-menu.ts";
import type { LibraryEntry } from "./model-filter.ts";
import { copyWords, exportMetadata, offerRemoval, saveModel } from "./model-use.ts";

interface MenuRuns {
  readonly details: () => void;
  readonly fetch: () => void;
  readonly hash: () => void;
}

export function menuOf(app: App, entry: LibraryEntry, runs: MenuRuns): readonly MenuAction[] {
  const words = entry.metadata?.trigger_words ?? [];
  const rows: readonly (MenuAction & { readonly shown?: boolean })[] = [
    { name: msg("Details"), icon: "info", run: runs.details },
    {
      name: msg("Copy trigger words"),
      icon: "copy",
      run: () => void copyWords(app, words),
      shown: words.length > 0,
    },
    { name: msg("Fetch metadata"), icon: "globe", run: runs.fetch },
    { name: msg("Compute hashes"), icon: "chip", run: runs.hash },
    { name: msg("Export metadata"), icon: "download", run: () => void exportMetadata(app, [entry]) },
    {
      name: msg("Save a copy of the file"),
      icon: "storage",
      run: () => void saveModel(app, entry),
      shown: entry.record.origin === "imported",
    },
    {
      name: entry.record.linked ? msg("Forget this model; the file stays") : msg("Remove from this device"),
      icon: "trash",
      run: () => offerRemoval(app, [entry]),
      shown: entry.record.origin === "imported",
    },
  ];
  return rows.filter(({ shown = true }) => shown);
}
