// The app as an installed thing: service worker, waiting update, offline readiness, install prompt. The worker itself is elsewhere.

import type { Workbox } from "workbox-window";
import { Observable } from "./observable.ts";

/** Chromium's event; not in the DOM types because no other browser has it. */
interface InstallPromptEvent extends Event {
  prompt(): Promise<void>;
}

export interface AppUpdateState {
  /** A new version is downloaded and waits. */
  readonly updateReady: boolean;
  /** Everything needed without a network has just been stored for the first time. */
  readonly offlineReady: boolean;
  readonly installable: boolean;
}

export class AppUpdates {
  readonly state = new Observable<AppUpdateState>({
    updateReady: false,
    offlineReady: false,
    installable: false,
  });
  #workbox?: Workbox;
  #installPrompt?: InstallPromptEvent;

  constructor() {
    addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.#installPrompt = event as InstallPromptEvent;
      this.state.patch({ installable: true });
    });
    addEventListener("appinstalled", () => this.state.patch({ installable: false }));
  }

  /** `url` of the service worker. Call after the first paint: precaching competes with everything else. */
  async register(url: string): Promise<void> {
    if (!("serviceWorker" in navigator)) return;
    const { Workbox } = await import("workbox-window");
    const workbox = new Workbox(url);
    this.#workbox = workbox;
    workbox.addEventListener("waiting", () => this.state.patch({ updateReady: true }));
    workbox.addEventListener("activated", ({ isUpdate }) => {
      if (!isUpdate) this.state.patch({ offlineReady: true });
    });
    // A reload at the moment the new version takes over: old page and new files do not mix.
    workbox.addEventListener("controlling", ({ isUpdate }) => {
      if (isUpdate) location.reload();
    });
    // Refused in private windows and by some policies; an app without offline support is still the app.
    await workbox.register().catch(() => undefined);
  }

  applyUpdate(): void {
    this.#workbox?.messageSkipWaiting();
  }

  async install(): Promise<void> {
    const prompt = this.#installPrompt;
    if (!prompt) return;
    this.#installPrompt = undefined; // one prompt answers once
    this.state.patch({ installable: false });
    await prompt.prompt();
  }

  dismissOfflineNote(): void {
    this.state.patch({ offlineReady: false });
  }
}
