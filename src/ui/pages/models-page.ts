// The Models page: its views and the links between them. Each view is loaded when it is first opened and stays.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { icon, type IconName } from "../icons.ts";
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

const VIEWS: readonly View[] = [
  {
    address: "#/models",
    icon: "models",
    name: () => msg("Library"),
    load: () => import("./library-view.ts"),
    render: () => html`<kiln-library-view></kiln-library-view>`,
  },
  {
    address: "#/models/civitai",
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
        grid-template-rows: auto minmax(0, 1fr);
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
          padding: 0 8px;
        }
      }
    `,
  ];

  @state() private view: View = VIEWS[0];
  @state() private opened: readonly View[] = [];
  #listeners?: AbortController;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#listeners = new AbortController();
    addEventListener("hashchange", () => this.#follow(), { signal: this.#listeners.signal });
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
