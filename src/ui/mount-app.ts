// Puts the app on the page and sets it going: frame first, then models, queue and engine. Takes any services, real or not.

import { type App, type AppServices, createApp } from "./app.ts";
import type { AppUpdates } from "./controllers/app-updates.ts";
import { registerIcons } from "./icons.ts";
import { KilnApp } from "./kiln-app.ts";
import { applyTheme, followSystemTheme } from "./theme.ts";

export async function mountApp(services: AppServices, updates: AppUpdates): Promise<App> {
  registerIcons();
  applyTheme(services.storage.settings.get("theme"));
  followSystemTheme();

  const app = createApp(services);
  const frame = new KilnApp();
  frame.app = app;
  frame.updates = updates;
  document.body.replaceChildren(frame);

  await frame.updateComplete;
  await Promise.all([app.recent.load(), app.models.load()]);
  // Not awaited: downloads that were under way go on, and names and previews come when they come.
  void app.downloads.load();
  void app.metadata.load();
  void app.folders.load();
  // Not awaited: a page without an engine still shows the gallery, and the badge says what happened.
  void app.generation.start(services.storage.settings.get("device"));
  void app.upscaling.start();
  return app;
}
