// The page's entry: opens the services, mounts the app, registers the service worker. Everything else is in ui/.

import "./ui/styles/tokens.css";
import { startServices } from "./start-services.ts";
import { AppUpdates } from "./ui/controllers/app-updates.ts";
import { handOverSignIn } from "./ui/google-sign-in.ts";
import { mountApp } from "./ui/mount-app.ts";
import { showStartFailure } from "./ui/start-failure.ts";

const updates = new AppUpdates();

// A tab that Google's sign-in came back to hands over its answer and closes.
if (!handOverSignIn()) {
  try {
    await mountApp(await startServices(), updates);
  } catch (error) {
    showStartFailure(error);
  }
}

// Development serves sources that change; a worker that caches them would only confuse.
if (import.meta.env.PROD) await updates.register("./service-worker.js");
