// Small settings of the app, kept across reloads: read once, then answered from memory. What exists is in settings.ts.

import { ChangeChannel } from "./change-channel.ts";
import type { PageDatabase } from "./page-database.ts";
import { type SettingKey, settings, type SettingValues } from "./settings.ts";
import { namingStorageErrors } from "./storage-errors.ts";

// Raised when the meaning of a stored value changes; values of any other version are ignored.
const SETTINGS_VERSION = 1;

export interface StoredSetting {
  readonly key: string;
  readonly version: number;
  readonly value: unknown;
}

interface SettingChange {
  readonly key: SettingKey;
  readonly value: unknown;
}

/** Owns the `settings` store. */
export class SettingsStore {
  readonly #database: PageDatabase;
  readonly #values = new Map<SettingKey, unknown>();
  readonly #changes = new ChangeChannel<SettingChange>("kiln-settings");

  private constructor(database: PageDatabase) {
    this.#database = database;
    this.#changes.subscribe(({ key, value }) => this.#values.set(key, settings[key].repair(value)));
  }

  /** Reads everything; what is missing, damaged or of another version becomes its default. */
  static async open(database: PageDatabase): Promise<SettingsStore> {
    const store = new SettingsStore(database);
    for (const { key, version, value } of await database.getAll("settings")) {
      if (version === SETTINGS_VERSION && Object.hasOwn(settings, key)) {
        store.#values.set(key as SettingKey, settings[key as SettingKey].repair(value));
      }
    }
    return store;
  }

  get<K extends SettingKey>(key: K): SettingValues[K] {
    return (this.#values.has(key) ? this.#values.get(key) : settings[key].default) as SettingValues[K];
  }

  /** Takes effect at once; resolves when it is stored. */
  async set<K extends SettingKey>(key: K, value: SettingValues[K]): Promise<void> {
    this.#changes.announce({ key, value });
    await namingStorageErrors("the settings", 1024, () =>
      this.#database.put("settings", { key, version: SETTINGS_VERSION, value }),
    );
  }

  /** Called after every change, in every tab, with the key that changed. */
  subscribe(listener: (key: SettingKey) => void): () => void {
    return this.#changes.subscribe(({ key }) => listener(key));
  }

  dispose(): void {
    this.#changes.dispose();
  }
}
