// The service worker: precaches the app shell, the embedded model and the one runtime build this browser uses, and
// answers from there when the network is gone. Model files of the library never pass through it (they live in OPFS).

import { clientsClaim } from "workbox-core";
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { CacheFirst } from "workbox-strategies";

// workbox-precaching declares __WB_MANIFEST, which the build replaces.
declare const self: ServiceWorkerGlobalScope;

// The runtime ships one build for browsers with JavaScript Promise Integration and one for the others. A browser needs
// one of them, so only that one is precached; the other is cached if it is ever asked for.
const unusedRuntime =
  "Suspending" in WebAssembly ? /ort-wasm[^/]*asyncify[^/]*\.wasm$/ : /ort-wasm[^/]*jspi[^/]*\.wasm$/;

precacheAndRoute(
  self.__WB_MANIFEST.filter((entry) => !unusedRuntime.test(typeof entry === "string" ? entry : entry.url)),
);
cleanupOutdatedCaches();

registerRoute(
  new NavigationRoute(createHandlerBoundToURL("index.html"), {
    denylist: [/headless\.html$/, /\.[a-z0-9]+$/i],
  }),
);
registerRoute(
  ({ url, sameOrigin }) => sameOrigin && unusedRuntime.test(url.pathname),
  new CacheFirst({ cacheName: "runtime" }),
);

// The page asks for this when the user accepts an update (workbox-window's messageSkipWaiting).
self.addEventListener("message", (event) => {
  if ((event.data as { type?: string } | null)?.type === "SKIP_WAITING") void self.skipWaiting();
});
clientsClaim();
