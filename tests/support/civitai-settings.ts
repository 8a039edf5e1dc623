// The user's decisions about Civitai, held in memory for tests.

import type { CivitaiSettingsStore } from "../../src/library/civitai/civitai-settings.ts";
import type { CivitaiSettings, LookupPermission } from "../../src/protocol/civitai-api.ts";

export function civitaiSettings(
  base: string,
  options: { readonly token?: string; readonly lookup?: LookupPermission } = {},
): CivitaiSettingsStore & { token: () => Promise<string | undefined> } {
  let lookup: LookupPermission = options.lookup ?? "unasked";
  const current = (): CivitaiSettings => ({
    host: new URL(base).host,
    lookup,
    hasToken: options.token !== undefined,
  });
  return {
    get: () => Promise.resolve(current()),
    change(change) {
      lookup = change.lookup ?? lookup;
      return Promise.resolve(current());
    },
    base: () => Promise.resolve(base),
    token: () => Promise.resolve(options.token),
  };
}
