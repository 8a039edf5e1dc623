// Our icons as one table of 24 x 24 stroke paths, and the bridge that gives the same table to Web Awesome's own controls.
// Nothing is fetched from anywhere: `icon()` draws inline, Web Awesome reads blob addresses of this very table.

import { registerIconLibrary } from "@awesome.me/webawesome/dist/components/icon/library.js";
import { type SVGTemplateResult, svg } from "lit";
import { unsafeSVG } from "lit/directives/unsafe-svg.js";

const PATHS = {
  "arrow-down": `<path d="M12 5v14M6 13l6 6 6-6"/>`,
  "arrow-up": `<path d="M12 19V5M6 11l6-6 6 6"/>`,
  check: `<path d="M5 12.5l4.5 4.5L19 7.5"/>`,
  "chevron-down": `<path d="M6 9l6 6 6-6"/>`,
  "chevron-left": `<path d="M15 6l-6 6 6 6"/>`,
  "chevron-right": `<path d="M9 6l6 6-6 6"/>`,
  chip: `<rect x="7" y="7" width="10" height="10" rx="2"/><path d="M10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4"/>`,
  "check-list": `<path d="M4 7l1.6 1.6L8.5 5.5M4 16.5l1.6 1.6 2.9-3.1M12 7.5h8M12 17h8"/>`,
  copy: `<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M15 9V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h3"/>`,
  dice: `<rect x="4" y="4" width="16" height="16" rx="3.5"/><path d="M9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01" stroke-width="2.4"/>`,
  download: `<path d="M12 4v11M7 10.5l5 5 5-5M5 20h14"/>`,
  drop: `<path d="M12 3v11M7.5 9.5L12 14l4.5-4.5M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3"/>`,
  enlarge: `<rect x="4" y="13" width="7" height="7" rx="1.5"/><path d="M4 9V6a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-3M13 11l4-4M13.5 7H17v3.5"/>`,
  external: `<path d="M14 4h6v6M20 4l-9 9M18 14v4.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 4 18.5v-11A1.5 1.5 0 0 1 5.5 6H10"/>`,
  fit: `<path d="M4 9V5a1 1 0 0 1 1-1h4M15 4h4a1 1 0 0 1 1 1v4M20 15v4a1 1 0 0 1-1 1h-4M9 20H5a1 1 0 0 1-1-1v-4"/>`,
  flame: `<path d="M12 3c.6 3.4 5.5 5.3 5.5 10.4A5.5 5.5 0 0 1 12 19a5.5 5.5 0 0 1-5.5-5.6c0-2 .9-3.5 2-4.6.3 1.5 1 2.3 1.8 2.7C10 8.5 10.6 5.3 12 3z"/><path d="M5 21.5h14"/>`,
  folder: `<path d="M3.5 7.5A1.5 1.5 0 0 1 5 6h4l2 2.5h8A1.5 1.5 0 0 1 20.5 10v7.5A1.5 1.5 0 0 1 19 19H5a1.5 1.5 0 0 1-1.5-1.5v-10z"/>`,
  gallery: `<rect x="4" y="4" width="7" height="7" rx="1.5"/><rect x="13" y="4" width="7" height="7" rx="1.5"/><rect x="4" y="13" width="7" height="7" rx="1.5"/><rect x="13" y="13" width="7" height="7" rx="1.5"/>`,
  globe: `<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c2.6 2.6 3.8 5.4 3.8 8.5s-1.2 5.9-3.8 8.5c-2.6-2.6-3.8-5.4-3.8-8.5S9.4 6.1 12 3.5z"/>`,
  heart: `<path d="M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.2 4.3 4.3 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10z"/>`,
  "heart-filled": `<path d="M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.2 4.3 4.3 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10z" fill="currentColor"/>`,
  install: `<rect x="6" y="3" width="12" height="18" rx="2.5"/><path d="M12 7.5v7M9 11.5l3 3 3-3"/>`,
  info: `<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.8v.01" stroke-width="2.1"/>`,
  keyboard: `<rect x="3" y="6" width="18" height="12" rx="2.5"/><path d="M7 10h.01M11 10h.01M15 10h.01M17.5 13.5h.01M6.5 13.5h.01M9.5 14h5" stroke-width="2"/>`,
  models: `<path d="M12 3l8 4.5v9L12 21l-8-4.5v-9L12 3z"/><path d="M4 7.5l8 4.5 8-4.5M12 12v9"/>`,
  more: `<path d="M6 12h.01M12 12h.01M18 12h.01" stroke-width="3"/>`,
  pause: `<path d="M8.5 5v14M15.5 5v14" stroke-width="2.4"/>`,
  play: `<path d="M8 5l11 7-11 7V5z"/>`,
  plus: `<path d="M12 5v14M5 12h14"/>`,
  recycle: `<path d="M4 12a8 8 0 0 1 13.7-5.6L20 8.5M20 4v4.5h-4.5M20 12a8 8 0 0 1-13.7 5.6L4 15.5M4 20v-4.5h4.5"/>`,
  restore: `<path d="M4 5v5h5M4.6 10A8 8 0 1 1 4 13.5"/>`,
  search: `<circle cx="11" cy="11" r="6.5"/><path d="M16 16l4.5 4.5"/>`,
  settings: `<path d="M4 7h9M19 7h1M4 17h1M11 17h9"/><circle cx="16" cy="7" r="2.5"/><circle cx="8" cy="17" r="2.5"/>`,
  skip: `<path d="M5 5.5l9 6.5-9 6.5v-13z"/><path d="M18.5 5.5v13" stroke-width="2.2"/>`,
  stop: `<rect x="6" y="6" width="12" height="12" rx="2"/>`,
  storage: `<ellipse cx="12" cy="6.5" rx="7.5" ry="3"/><path d="M4.5 6.5v11c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3v-11M4.5 12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3"/>`,
  swap: `<path d="M7 4v15M3.5 15.5L7 19l3.5-3.5M17 20V5M13.5 8.5L17 5l3.5 3.5"/>`,
  trash: `<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5.5M13.5 11v5.5"/>`,
  warning: `<path d="M12 4l9 16H3l9-16z"/><path d="M12 10v4.5M12 17.2v.01" stroke-width="2.2"/>`,
  x: `<path d="M6 6l12 12M18 6L6 18"/>`,
} as const;

export type IconName = keyof typeof PATHS;

/** Names that Web Awesome's controls ask for (its "system" library), drawn by ours. */
const WEB_AWESOME_NAMES: Readonly<Record<string, IconName>> = {
  xmark: "x",
  "x-mark": "x",
  "circle-xmark": "x",
  check: "check",
  "chevron-down": "chevron-down",
  "chevron-left": "chevron-left",
  "chevron-right": "chevron-right",
};

const ATTRIBUTES = `xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"`;

/** An icon as part of a template. Decorative: the control around it carries the name. */
export function icon(name: IconName): SVGTemplateResult {
  return svg`<svg class="icon" aria-hidden="true" viewBox="0 0 24 24" width="20" height="20" fill="none"
    stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">${unsafeSVG(PATHS[name])}</svg>`;
}

/** Replaces Web Awesome's icon libraries, whose default would ask a foreign host. Call once, before the first control. */
export function registerIcons(): void {
  const addresses = new Map<IconName, string>();
  // A blob address, not a data: one, because icons are read with fetch() and connect-src allows only 'self' and blob:.
  const resolver = (requested: string): string => {
    const name = WEB_AWESOME_NAMES[requested] ?? (requested in PATHS ? (requested as IconName) : "x");
    let address = addresses.get(name);
    if (!address) {
      const file = new Blob([`<svg ${ATTRIBUTES}>${PATHS[name]}</svg>`], { type: "image/svg+xml" });
      address = URL.createObjectURL(file);
      addresses.set(name, address);
    }
    return address;
  };
  registerIconLibrary("default", { resolver });
  registerIconLibrary("system", { resolver });
}
