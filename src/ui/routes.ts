// The pages: address, name, icon, and the module that is loaded when one is first opened. A new page is one row.

import { msg } from "@lit/localize";
import { html, type TemplateResult } from "lit";
import type { App } from "./app.ts";
import type { Dropped } from "./dropped.ts";
import type { IconName } from "./icons.ts";

export interface Route {
  readonly id: string;
  readonly name: () => string;
  readonly icon: IconName;
  /** Not among the links at the top; a page of another one leads there. */
  readonly hidden?: true;
  load(): Promise<unknown>;
  render(): TemplateResult;
  /** Takes what is dropped while the page is shown; false where it is nothing for this page. */
  receive?(dropped: Dropped, app: App): boolean;
}

function chooseDropped({ files }: Dropped, app: App): boolean {
  if (files.length === 0 || !files.every(({ type }) => type.startsWith("image/"))) return false;
  app.upscaling.choose(files.map((file) => ({ file, name: file.name })));
  return true;
}

export const routes: readonly Route[] = [
  {
    id: "generate",
    name: () => msg("Generate"),
    icon: "flame",
    load: () => import("./pages/generate-page.ts"),
    render: () => html`<kiln-generate-page></kiln-generate-page>`,
  },
  {
    id: "upscale",
    name: () => msg("Upscale"),
    icon: "enlarge",
    load: () => import("./pages/upscale-page.ts"),
    render: () => html`<kiln-upscale-page></kiln-upscale-page>`,
    receive: chooseDropped,
  },
  {
    id: "gallery",
    name: () => msg("Gallery"),
    icon: "gallery",
    load: () => import("./pages/gallery-page.ts"),
    render: () => html`<kiln-gallery-page></kiln-gallery-page>`,
  },
  {
    id: "models",
    name: () => msg("Models"),
    icon: "models",
    load: () => import("./pages/models-page.ts"),
    render: () => html`<kiln-models-page></kiln-models-page>`,
  },
  {
    id: "settings",
    name: () => msg("Settings"),
    icon: "settings",
    load: () => import("./pages/settings-page.ts"),
    render: () => html`<kiln-settings-page></kiln-settings-page>`,
  },
  {
    id: "benchmark",
    name: () => msg("Benchmark this device"),
    icon: "settings",
    hidden: true,
    load: () => import("./pages/benchmark-page.ts"),
    render: () => html`<kiln-benchmark-page></kiln-benchmark-page>`,
  },
];

/** The route of `#/gallery`; undefined for an address that names none. */
export function routeOf(hash: string): Route | undefined {
  const id = /^#\/([a-z]+)/.exec(hash)?.[1];
  return routes.find((route) => route.id === id);
}

export function addressOf(route: Route): string {
  return `#/${route.id}`;
}
