// The frame around the pages: navigation, device badge, messages, keys, the drop target. Knows no page's content.

import { provide } from "@lit/context";
import { localized, msg } from "@lit/localize";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type App, appContext } from "./app.ts";
import "./components/app-notices.ts";
import "./components/device-badge.ts";
import "./components/drop-target.ts";
import "./components/toast-stack.ts";
import type { AppUpdates } from "./controllers/app-updates.ts";
import { Watch } from "./controllers/observable.ts";
import type { Dropped } from "./dropped.ts";
import type { KilnEvent } from "./fire-event.ts";
import { icon } from "./icons.ts";
import { kilnAppStyles } from "./kiln-app.styles.ts";
import { describeTenth, describeTitle } from "./progress-text.ts";
import { addressOf, type Route, routeOf, routes } from "./routes.ts";
import { ownsKeyboard } from "./owns-keyboard.ts";
import { runShortcut } from "./shortcuts.ts";
import { controlStyles } from "./styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-app": KilnApp;
  }
}

@localized()
@customElement("kiln-app")
export class KilnApp extends LitElement {
  static override styles = [controlStyles, kilnAppStyles];

  @provide({ context: appContext })
  @property({ attribute: false })
  app!: App;
  @property({ attribute: false }) updates!: AppUpdates;

  @state() private route: Route = routes[0];
  /** Pages stay in the document once opened: scroll position and open groups survive a look elsewhere. */
  @state() private opened: readonly Route[] = [];
  @state() private dropped?: Dropped;
  @state() private showsShortcuts = false;

  readonly #generation = new Watch(this, () => this.app.generation.state);
  readonly #updates = new Watch(this, () => this.updates.state);
  #listeners?: AbortController;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    addEventListener("hashchange", () => this.#follow(), { signal });
    addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#listeners?.abort();
  }

  override updated(): void {
    document.title = describeTitle(this.#generation.value.running);
  }

  #follow(): void {
    const route = routeOf(location.hash) ?? routes[0];
    this.route = route;
    if (!this.opened.includes(route)) {
      this.opened = [...this.opened, route];
      void route.load();
    }
  }

  #key(event: KeyboardEvent): void {
    if (this.showsShortcuts || ownsKeyboard(event)) return;
    runShortcut(event, { app: this.app, showShortcuts: () => void this.#openShortcuts() });
  }

  async #openShortcuts(): Promise<void> {
    await import("./components/shortcuts-dialog.ts");
    this.showsShortcuts = true;
  }

  async #receiveDrop(dropped: Dropped): Promise<void> {
    if (this.route.receive?.(dropped, this.app)) return;
    await import("./pages/drop-sheet.ts");
    this.dropped = dropped;
  }

  #renderLink(route: Route): TemplateResult {
    return html`<a
      class="link"
      href=${addressOf(route)}
      aria-current=${route === this.route ? "page" : "false"}
    >
      ${icon(route.icon)}<span>${route.name()}</span>
    </a>`;
  }

  #renderDialogs(): TemplateResult {
    return html`
      ${
        this.dropped
          ? html`<kiln-drop-sheet
              .dropped=${this.dropped}
              @drop-close=${() => (this.dropped = undefined)}
            ></kiln-drop-sheet>`
          : nothing
      }
      ${
        this.showsShortcuts
          ? html`<kiln-shortcuts-dialog
              @shortcuts-close=${() => (this.showsShortcuts = false)}
            ></kiln-shortcuts-dialog>`
          : nothing
      }
    `;
  }

  override render(): TemplateResult {
    const { device, deviceError, running } = this.#generation.value;
    return html`
      <header>
        <a class="brand" href="#/generate" aria-label="Kiln">${icon("flame")}<b>Kiln</b></a>
        <nav aria-label=${msg("Pages")}>
          ${routes.filter(({ hidden }) => !hidden).map((route) => this.#renderLink(route))}
        </nav>
        <div class="right">
          <kiln-app-notices .state=${this.#updates.value} .updates=${this.updates}></kiln-app-notices>
          <kiln-device-badge .device=${device} .error=${deviceError}></kiln-device-badge>
          <button
            class="button plain square keys"
            type="button"
            aria-label=${msg("Keyboard shortcuts")}
            title=${msg("Keyboard shortcuts (?)")}
            @click=${() => void this.#openShortcuts()}
          >
            ${icon("keyboard")}
          </button>
        </div>
      </header>
      <main>
        ${this.opened.map((route) => html`<div class="page" ?hidden=${route !== this.route}>${route.render()}</div>`)}
      </main>
      <div class="visually-hidden" aria-live="polite">${describeTenth(running)}</div>
      <kiln-drop-target
        @anything-drop=${(event: KilnEvent<"anything-drop">) => void this.#receiveDrop(event.detail)}
      ></kiln-drop-target>
      <kiln-toast-stack .toasts=${this.app.toasts}></kiln-toast-stack>
      ${this.#renderDialogs()}
    `;
  }
}
