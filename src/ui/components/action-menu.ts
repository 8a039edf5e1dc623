// A menu beside the button that asked for it. Native popover: Esc and a click elsewhere close it. Runs what it is given.

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { icon, type IconName } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

export interface MenuAction {
  readonly name: string;
  readonly icon: IconName;
  readonly run: () => void;
}

declare global {
  interface HTMLElementTagNameMap {
    "kiln-action-menu": ActionMenu;
  }
}

const MARGIN = 8;

@customElement("kiln-action-menu")
export class ActionMenu extends LitElement {
  static override styles = [
    controlStyles,
    css`
      .menu {
        position: fixed;
        inset: auto;
        margin: 0;
        padding: 6px;
        min-width: 220px;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-raised);
        color: var(--kiln-text);
        box-shadow: var(--kiln-shadow);
      }
      .item {
        display: flex;
        gap: 10px;
        align-items: center;
        width: 100%;
        min-height: var(--kiln-target);
        padding: 0 12px;
        border: 0;
        border-radius: var(--kiln-radius);
        background: none;
        text-align: left;
        cursor: pointer;
      }
      .item:hover,
      .item:focus-visible {
        background: var(--kiln-hover);
      }
      .item .icon {
        color: var(--kiln-quiet);
      }
    `,
  ];

  /** What the menu is about; its accessible name. */
  @property() label = "";
  @state() private actions: readonly MenuAction[] = [];
  @query(".menu") private readonly menu!: HTMLElement;
  #anchor?: HTMLElement;

  async open(anchor: HTMLElement, actions: readonly MenuAction[]): Promise<void> {
    this.#anchor = anchor;
    this.actions = actions;
    await this.updateComplete;
    this.menu.showPopover();
    const at = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.menu;
    const below = at.bottom + MARGIN + height <= innerHeight;
    const left = Math.min(Math.max(MARGIN, at.right - width), innerWidth - width - MARGIN);
    this.menu.style.left = `${left}px`;
    this.menu.style.top = `${below ? at.bottom + 4 : Math.max(MARGIN, at.top - height - 4)}px`;
    this.#items[0]?.focus();
  }

  get #items(): readonly HTMLElement[] {
    return [...this.menu.querySelectorAll<HTMLElement>(".item")];
  }

  #key(event: KeyboardEvent): void {
    const items = this.#items;
    const at = items.indexOf(event.target as HTMLElement);
    const next: Readonly<Record<string, number>> = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    };
    if (event.key === "Tab") this.menu.hidePopover();
    if (!(event.key in next)) return;
    event.preventDefault();
    items[next[event.key]].focus();
  }

  /** The browser gives the focus back to nothing when the button is in another shadow root. */
  #beforeToggle(event: ToggleEvent): void {
    const inside = this.shadowRoot?.activeElement;
    if (event.newState === "closed" && inside) this.#anchor?.focus();
  }

  #run(action: MenuAction): void {
    this.menu.hidePopover();
    // The action may open a dialog, which then takes the focus itself.
    action.run();
  }

  override render(): TemplateResult {
    return html`<div
      class="menu"
      popover
      role="menu"
      aria-label=${this.label}
      @keydown=${this.#key}
      @beforetoggle=${this.#beforeToggle}
    >
      ${this.actions.map(
        (action) =>
          html`<button class="item" type="button" role="menuitem" @click=${() => this.#run(action)}>
            ${icon(action.icon)}<span>${action.name}</span>
          </button>`,
      )}
    </div>`;
  }
}
