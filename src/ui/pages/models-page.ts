// The Models page: its views and the links between them. Each view is loaded when it is first opened and stays.

import { consume } from "@lit/context";
import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { type App, appContext } from "../app.ts";
import { icon, type IconName } from "../icons.ts";
import { recogniseAddress } from "../model-address.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-models-page": ModelsPage;
  }
}

interface View {
  readonly address: string;
  readonly icon: IconName;
  readonly name: () => string;
  readonly load: () => Promise<unknown>;
  readonly render: () => TemplateResult;
}

const LIBRARY = "#/models";
const CATALOGUE = "#/models/civitai";

const VIEWS: readonly View[] = [
  {
    address: LIBRARY,
    icon: "models",
    name: () => msg("Library"),
    load: () => import("./library-view.ts"),
    render: () => html`<kiln-library-view></kiln-library-view>`,
  },
  {
    address: CATALOGUE,
    icon: "globe",
    name: () => msg("Browse Civitai"),
    load: () => import("./civitai-view.ts"),
    render: () => html`<kiln-civitai-view></kiln-civitai-view>`,
  },
  {
    address: "#/models/storage",
    icon: "storage",
    name: () => msg("Storage"),
    load: () => import("./storage-view.ts"),
    render: () => html`<kiln-storage-view></kiln-storage-view>`,
  },
];

@localized()
@customElement("kiln-models-page")
export class ModelsPage extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        grid-template: auto minmax(0, 1fr) / minmax(0, 1fr);
        height: 100%;
      }
      nav {
        display: flex;
        gap: 4px;
        padding: 8px 16px 0;
        border-bottom: 1px solid var(--kiln-line);
        background: var(--kiln-panel);
        overflow-x: auto;
      }
      nav a {
        display: inline-flex;
        gap: 8px;
        align-items: center;
        min-height: var(--kiln-target);
        padding: 0 12px;
        border-bottom: 2px solid transparent;
        color: var(--kiln-quiet);
        font-weight: 500;
        text-decoration: none;
        white-space: nowrap;
      }
      nav a:hover {
        color: var(--kiln-text);
      }
      nav a[aria-current="page"] {
        border-color: var(--kiln-accent);
        color: var(--kiln-text);
      }
      nav a:focus-visible {
        outline-offset: -2px;
      }
      .view {
        min-height: 0;
      }
      @media (max-width: 999px) {
        nav {
          gap: 0;
          padding: 0 4px;
        }
        nav a {
          gap: 6px;
          padding: 0 8px;
        }
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private view: View = VIEWS[0];
  @state() private opened: readonly View[] = [];
  #listeners?: AbortController;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    addEventListener("hashchange", () => this.#follow(), { signal });
    addEventListener("paste", (event) => this.#paste(event), { signal });
    this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#listeners?.abort();
  }

  #follow(): void {
    const view = VIEWS.find(({ address }) => address === location.hash);
    if (!view) {
      // Another page, or an address of a view that does not exist: stay, but never show nothing.
      if (this.opened.length === 0) this.#show(VIEWS[0]);
      return;
    }
    this.#show(view);
  }

  /** An address pasted anywhere on the page is read where it belongs: the catalogue's in the catalogue, if it is open. */
  #paste(event: ClipboardEvent): void {
    const target = event.composedPath()[0];
    const inField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
    if (inField || !location.hash.startsWith(LIBRARY)) return;
    const text = event.clipboardData?.getData("text/plain").trim() ?? "";
    const source = recogniseAddress(text)?.source;
    if (source === undefined) return;
    if (source === "civitai" && this.view.address === CATALOGUE) {
      this.app.civitai.wanted.set(text);
      return;
    }
    this.app.downloads.draft.set(text);
    location.hash = LIBRARY;
  }

  #show(view: View): void {
    this.view = view;
    if (this.opened.includes(view)) return;
    this.opened = [...this.opened, view];
    void view.load();
  }

  override render(): TemplateResult {
    return html`
      <nav aria-label=${msg("Models")}>
        ${VIEWS.map(
          (view) =>
            html`<a href=${view.address} aria-current=${view === this.view ? "page" : "false"}
              >${icon(view.icon)}${view.name()}</a
            >`,
        )}
      </nav>
      ${this.opened.map(
        (view) => html`<div class="view" ?hidden=${view !== this.view}>${view.render()}</div>`,
      )}
    `;
  }
}
