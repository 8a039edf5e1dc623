// The table of keys: what the shortcuts dialog lists is what the app listens to. Prompt keys live with the prompt field.

import { msg } from "@lit/localize";
import type { App } from "./app.ts";
import { addressOf, routes } from "./routes.ts";

export interface ShortcutTarget {
  readonly app: App;
  showShortcuts(): void;
}

export interface Shortcut {
  readonly keys: readonly string[];
  readonly does: () => string;
  /** Single letters and digits are typed in fields, so they count only outside of them. */
  readonly whileTyping: boolean;
  matches(event: KeyboardEvent): boolean;
  /** Absent for keys that a field handles itself. */
  run?(target: ShortcutTarget, event: KeyboardEvent): void;
}

const control = (event: KeyboardEvent): boolean => event.ctrlKey || event.metaKey;
const bare = (event: KeyboardEvent): boolean => !control(event) && !event.altKey;

export const shortcuts: readonly Shortcut[] = [
  {
    keys: ["Ctrl", "Enter"],
    does: () => msg("Generate"),
    whileTyping: true,
    matches: (event) => event.key === "Enter" && control(event) && !event.shiftKey && !event.altKey,
    run: ({ app }) => void app.generate(),
  },
  {
    keys: ["Ctrl", "Shift", "Enter"],
    does: () => msg("Generate before everything that waits"),
    whileTyping: true,
    matches: (event) => event.key === "Enter" && control(event) && event.shiftKey,
    run: ({ app }) => void app.generate({ front: true }),
  },
  {
    keys: ["Alt", "Enter"],
    does: () => msg("Skip the picture being made"),
    whileTyping: true,
    matches: (event) => event.key === "Enter" && event.altKey && !control(event),
    run: ({ app }) => void app.generation.skip(),
  },
  {
    keys: ["Esc"],
    does: () => msg("Interrupt the running job"),
    whileTyping: true,
    matches: (event) => event.key === "Escape" && bare(event),
    run: ({ app }) => void app.generation.interrupt(),
  },
  {
    keys: ["Ctrl", "↑ ↓"],
    does: () => msg("In a prompt: weigh the word or selection more or less"),
    whileTyping: true,
    matches: () => false,
  },
  {
    keys: [`1 – ${routes.length}`],
    does: () => msg("Go to a page"),
    whileTyping: false,
    matches: (event) => bare(event) && Number(event.key) >= 1 && Number(event.key) <= routes.length,
    run: (_, event) => (location.hash = addressOf(routes[Number(event.key) - 1])),
  },
  {
    keys: ["?"],
    does: () => msg("Show these shortcuts"),
    whileTyping: false,
    matches: (event) => event.key === "?" && bare(event),
    run: (target) => target.showShortcuts(),
  },
];

function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  return (
    target instanceof Element &&
    target.closest("input:not([type=range]), textarea, select, [contenteditable]") !== null
  );
}

/** Runs the shortcut of a key press. Keys that an open dialog or a field has used are left alone. */
export function runShortcut(event: KeyboardEvent, target: ShortcutTarget): void {
  if (event.defaultPrevented || event.isComposing) return;
  const shortcut = shortcuts.find((row) => row.matches(event) && (row.whileTyping || !isTyping(event)));
  if (!shortcut?.run) return;
  event.preventDefault();
  shortcut.run(target, event);
}
