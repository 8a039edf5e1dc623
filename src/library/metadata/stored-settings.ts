// The user's decisions about Civitai on disk. Host and token belong to the downloads' settings, which hand them in.

import type {
  CivitaiHost,
  CivitaiSettings,
  CivitaiSettingsChange,
  LookupPermission,
} from "../../protocol/civitai-api.ts";
import type { CivitaiSettingsStore } from "../civitai/civitai-settings.ts";
import type { LibraryDatabase } from "../library-database.ts";

const LOOKUP_KEY = "civitai-lookup";

/** Where Civitai is reached and with which key, as the downloads keep it. */
export interface CivitaiAccess {
  base(): Promise<string>;
  token(): Promise<string | undefined>;
  useHost(host: CivitaiHost): Promise<void>;
}

export function storedCivitaiSettings(
  database: LibraryDatabase,
  access: CivitaiAccess,
): CivitaiSettingsStore {
  const get = async (): Promise<CivitaiSettings> => ({
    host: new URL(await access.base()).host,
    lookup: permission(await database.get("preferences", LOOKUP_KEY)),
    hasToken: (await access.token()) !== undefined,
  });
  return {
    get,
    async change({ host, lookup }: CivitaiSettingsChange) {
      if (host !== undefined) await access.useHost(host);
      if (lookup !== undefined) await database.put("preferences", lookup, LOOKUP_KEY);
      return await get();
    },
    base: () => access.base(),
    token: () => access.token(),
  };
}

/** Anything unexpected on disk means that nobody allowed it. */
function permission(stored: unknown): LookupPermission {
  return stored === "allowed" || stored === "refused" ? stored : "unasked";
}
