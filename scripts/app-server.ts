// Serves the built app on localhost exactly as a static host would: files, no special headers, optionally below a sub-path.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import sirv from "sirv";

export interface AppServer {
  /** With a trailing slash. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface AppServerOptions {
  readonly folder: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** "/" or "/some/path/", as GitHub Pages serves a project. */
  readonly basePath?: string;
}

/** Rejects with the socket's own error (`EADDRINUSE` when the port is taken). */
export async function startAppServer({ folder, port, basePath = "/" }: AppServerOptions): Promise<AppServer> {
  const files = sirv(folder, { etag: true, dev: true });
  const server: Server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (!path.startsWith(basePath)) {
      response.writeHead(404).end("Not found");
      return;
    }
    request.url = path.slice(basePath.length - 1);
    files(request, response, () => void response.writeHead(404).end("Not found"));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${actualPort}${basePath}`,
    port: actualPort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
