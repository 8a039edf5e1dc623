// Light or dark: the system's choice unless the user made one. Colours are in styles/tokens.css.

import type { SettingValues } from "../gallery/settings.ts";

const DARK = "(prefers-color-scheme: dark)";

function show(theme: SettingValues["theme"]): void {
  const dark = theme === "dark" || (theme === "auto" && matchMedia(DARK).matches);
  document.documentElement.classList.toggle("wa-dark", dark);
  document.documentElement.classList.toggle("wa-light", !dark);
}

let current: SettingValues["theme"] = "auto";

export function applyTheme(theme: SettingValues["theme"]): void {
  current = theme;
  show(theme);
}

/** Follows the system while the choice is "auto". Call once. */
export function followSystemTheme(): void {
  matchMedia(DARK).addEventListener("change", () => show(current));
}
