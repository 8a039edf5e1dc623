// `npm start`: builds the production app when needed, serves it on localhost and prints the address.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { startAppServer, type AppServer } from "./app-server.ts";
import { ensureBuild } from "./ensure-build.ts";

const DEFAULT_PORT = 4173;
const PORTS_TO_TRY = 20;

const { values } = parseArgs({ options: { port: { type: "string" } } });
const wanted = Number(values.port ?? process.env.PORT ?? DEFAULT_PORT);
if (!Number.isInteger(wanted) || wanted < 1 || wanted > 65535) {
  console.error(`--port: expected a number from 1 to 65535, got ${values.port ?? process.env.PORT}`);
  process.exit(2);
}

async function serveOnFreePort(folder: string): Promise<AppServer> {
  for (let port = wanted; port < wanted + PORTS_TO_TRY; port++) {
    try {
      return await startAppServer({ folder, port });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      console.log(`Port ${port} is taken by another program.`);
    }
  }
  throw new Error(
    `No free port from ${wanted} to ${wanted + PORTS_TO_TRY - 1}. Choose one: npm start -- --port 8080`,
  );
}

console.log("Building Kiln ...");
const folder = await ensureBuild(join(import.meta.dirname, ".."));
const server = await serveOnFreePort(folder);
console.log(
  `Kiln is ready: ${server.url}\nPress Ctrl+C to stop. Once opened, the app also works without this server.`,
);
