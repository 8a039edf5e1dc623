// What the user decided about Civitai, as the client needs it. Where it is stored is the business of who implements it.

import type { CivitaiSettings, CivitaiSettingsChange } from "../../protocol/civitai-api.ts";

export interface CivitaiSettingsStore {
  get(): Promise<CivitaiSettings>;
  change(change: CivitaiSettingsChange): Promise<CivitaiSettings>;
  /** Origin that is asked: "https://civitai.com". */
  base(): Promise<string>;
  /** Must reach that origin only. */
  token(): Promise<string | undefined>;
}
