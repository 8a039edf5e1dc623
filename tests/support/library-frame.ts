// A page with the app's library and nothing else, for tests that take a page away in the middle of its work.

import { LibraryClient } from "../../src/client/library-client.ts";

declare global {
  interface Window {
    /** Set once the library has started. */
    kilnLibrary?: LibraryClient;
  }
}

const library = new LibraryClient();
await library.start({ baseUrl: new URL("/tests/fixtures/library/whole/", location.origin).href });
window.kilnLibrary = library;
