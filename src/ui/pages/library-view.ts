// The library: adding models, downloads under way, and every model of this device as a card. Connects; controllers work.

import "@lit-labs/virtualizer";
import { consume } from "@lit/context";
import { grid } from "@lit-labs/virtualizer/layouts/grid.js";
import { localized, msg } from "@lit/localize";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { type App, appContext } from "../app.ts";
import type { ActionMenu } from "../components/action-menu.ts";
import "../components/action-menu.ts";
import type { BatchAction } from "../components/batch-bar.ts";
import "../components/batch-bar.ts";
import "../components/model-card.ts";
import "../components/model-filter-bar.ts";
import { MediaQuery, WIDE } from "../controllers/media-query.ts";
import { Watch } from "../controllers/observable.ts";
import type { KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { isAbove } from "../content-level.ts";
import {
  facetsOf,
  filterEntries,
  joinEntries,
  type LibraryEntry,
  type ModelFilter,
  nameOf,
  WHOLE_LIBRARY,
} from "../model-filter.ts";
import { menuOf } from "../model-menu.ts";
import { addToPrompt, exportMetadata, offerRemoval, useOf } from "../model-use.ts";
import { controlStyles } from "../styles/controls.ts";
import "./library-top.ts";
import { libraryViewStyles } from "./library-view.styles.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-library-view": LibraryView;
  }
}

// Cards are as wide as the row allows and always as high, so that rows line up whatever the models have to say.
const CARD_FLEX = { preserve: "height" } as const;
const CARD = {
  wide: { width: "220px", height: "404px" },
  narrow: { width: "168px", height: "362px" },
} as const;

@localized()
@customElement("kiln-library-view")
export class LibraryView extends LitElement {
  static override styles = [controlStyles, libraryViewStyles];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private filter: ModelFilter = WHOLE_LIBRARY;
  @state() private marking = false;
  @state() private marked: ReadonlySet<string> = new Set();
  @state() private openId?: string;
  @query("kiln-action-menu") private readonly menu!: ActionMenu;

  readonly #wide = new MediaQuery(this, WIDE);
  readonly #models = new Watch(this, () => this.app.models.state);
  readonly #metadata = new Watch(this, () => this.app.metadata.state);
  readonly #links = new Watch(this, () => this.app.links.state);
  readonly #recipe = new Watch(this, () => this.app.recipe.state);
  #unsubscribe?: () => void;

  /** Joined, filtered and sorted only when their inputs changed: typing redraws with 2,000 models must stay cheap. */
  #entries: readonly LibraryEntry[] = [];
  #shown: readonly LibraryEntry[] = [];
  #joined: readonly unknown[] = [];
  #lastMarked?: string;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unsubscribe = this.app.settings.subscribe(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  override willUpdate(): void {
    const { models, hidden } = this.#models.value;
    const { byId } = this.#metadata.value;
    const inputs = [models, hidden, byId, this.filter];
    if (inputs.every((input, i) => input === this.#joined[i])) return;
    const known = new Map(this.#entries.map((entry) => [entry.record.id, entry]));
    if (inputs.slice(0, 3).some((input, i) => input !== this.#joined[i])) {
      const visible = models.filter(({ id }) => !hidden.includes(id));
      // Entries that did not change stay the same objects, so that only changed cards redraw.
      this.#entries = joinEntries(visible, byId).map((entry) => {
        const before = known.get(entry.record.id);
        return before && before.record === entry.record && before.metadata === entry.metadata
          ? before
          : entry;
      });
    }
    this.#shown = filterEntries(this.#entries, this.filter);
    this.#joined = inputs;
  }

  get #open(): LibraryEntry | undefined {
    return this.#entry(this.openId);
  }

  #entry(id: string | undefined): LibraryEntry | undefined {
    return id === undefined ? undefined : this.#entries.find(({ record }) => record.id === id);
  }

  async #showDetails(id: string): Promise<void> {
    await import("./model-sheet.ts");
    this.openId = id;
  }

  #mark(id: string, range: boolean): void {
    const ids = this.#shown.map(({ record }) => record.id);
    const [from, to] = [ids.indexOf(this.#lastMarked ?? ""), ids.indexOf(id)];
    const chosen = range && from >= 0 ? ids.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
    const marked = new Set(this.marked);
    for (const one of chosen) {
      if (marked.has(one) && !range) marked.delete(one);
      else marked.add(one);
    }
    this.#lastMarked = id;
    this.marked = marked;
  }

  #endMarking(): void {
    this.marking = false;
    this.marked = new Set();
  }

  #batch(action: BatchAction): void {
    const entries = this.#entries.filter(({ record }) => this.marked.has(record.id));
    const ids = entries.map(({ record }) => record.id);
    const actions: Readonly<Record<BatchAction, () => void>> = {
      all: () => (this.marked = new Set(this.#shown.map(({ record }) => record.id))),
      favourite: () => {
        const favourite = entries.some(({ metadata }) => !metadata?.favourite);
        for (const id of ids) void this.app.metadata.update(id, { favourite });
      },
      fetch: () => void this.app.library.fetch(ids),
      hash: () => void this.app.library.hash(ids),
      export: () => void exportMetadata(this.app, entries),
      remove: () => {
        offerRemoval(this.app, entries);
        this.#endMarking();
      },
    };
    actions[action]();
  }

  #openMenu({ id, anchor }: { readonly id: string; readonly anchor: HTMLElement }): void {
    const entry = this.#entry(id);
    if (!entry) return;
    this.menu.label = nameOf(entry);
    const actions = menuOf(this.app, entry, {
      details: () => void this.#showDetails(id),
      fetch: () => void this.app.library.fetch([id]),
      hash: () => void this.app.library.hash([id]),
    });
    void this.menu.open(anchor, actions);
  }

  #moveFocus(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const cards = [...this.renderRoot.querySelectorAll("kiln-model-card")];
    const at = cards.findIndex((card) => event.composedPath().includes(card));
    if (step === undefined || at < 0) return;
    const buttons = (card: Element): readonly HTMLElement[] => [
      ...card.shadowRoot!.querySelectorAll<HTMLElement>("button:not([tabindex='-1']):not(:disabled)"),
    ];
    const own = buttons(cards[at]);
    const here = own.indexOf(event.composedPath()[0] as HTMLElement);
    const next = cards.at(Math.max(0, at + step));
    if (here < 0 || !next) return;
    event.preventDefault();
    // Cards have any number of trigger words between the star and the actions, so actions are counted from the end.
    const targets = buttons(next);
    (here === 0 ? targets.at(0) : (targets.at(here - own.length) ?? targets.at(-1)))?.focus();
  }

  readonly #openPreview = (id: string): Promise<Blob | undefined> => this.app.metadata.preview(id);

  // When the list gets shorter the virtualizer asks once more for cards past its end.
  readonly #renderCard = (entry?: LibraryEntry): TemplateResult => {
    if (!entry) return html``;
    const { record, metadata } = entry;
    const use = useOf(record);
    return html`<kiln-model-card
      role="listitem"
      .entry=${entry}
      .link=${this.#links.value.files.get(record.id)?.state}
      .use=${use?.label() ?? ""}
      ?used=${use?.used(this.app, record) ?? false}
      ?marking=${this.marking}
      ?marked=${this.marked.has(record.id)}
      ?blurred=${isAbove(metadata?.preview_nsfw_level ?? 0, this.app.settings.get("contentLevel"))}
      .openPreview=${this.#openPreview}
    ></kiln-model-card>`;
  };

  #renderEmpty(): TemplateResult {
    const searching = this.#entries.length > 0;
    return html`<div class="empty">
      ${icon(searching ? "search" : "models")}
      <p>
        ${
          searching
            ? msg("No model matches.")
            : msg("There are no models on this device. Paste an address above, or drop a file anywhere.")
        }
      </p>
      ${
        searching
          ? html`<button
              class="button"
              type="button"
              @click=${() => (this.filter = { ...WHOLE_LIBRARY, sort: this.filter.sort })}
            >
              ${msg("Show all models")}
            </button>`
          : nothing
      }
    </div>`;
  }

  override render(): TemplateResult {
    const { loaded } = this.#models.value;
    const size = this.#wide.matches ? CARD.wide : CARD.narrow;
    // Read so that a change of the recipe redraws which model is in use.
    const { modelId } = this.#recipe.value.recipe;
    return html`
      <kiln-library-top
        @download-show=${({ detail }: KilnEvent<"download-show">) => void this.#showDetails(detail.modelId)}
      ></kiln-library-top>
      <div class="bar">
        <kiln-model-filter-bar
          .filter=${this.filter}
          .facets=${facetsOf(this.#entries)}
          .shown=${this.#shown.length}
          ?marking=${this.marking}
          @filter-change=${({ detail }: KilnEvent<"filter-change">) =>
            (this.filter = { ...this.filter, ...detail })}
          @marking-toggle=${() => (this.marking ? this.#endMarking() : (this.marking = true))}
        ></kiln-model-filter-bar>
        ${
          this.marking
            ? html`<kiln-batch-bar
                .count=${this.marked.size}
                @batch-action=${({ detail }: KilnEvent<"batch-action">) => this.#batch(detail.action)}
                @batch-end=${() => this.#endMarking()}
              ></kiln-batch-bar>`
            : nothing
        }
      </div>
      ${loaded && this.#shown.length === 0 ? this.#renderEmpty() : nothing}
      <lit-virtualizer
        role="list"
        aria-label=${msg("Models on this device")}
        data-used=${modelId}
        .items=${[...this.#shown]}
        .keyFunction=${(entry?: LibraryEntry) => entry?.record.id ?? ""}
        .renderItem=${this.#renderCard}
        .layout=${grid({ itemSize: size, gap: this.#wide.matches ? "14px" : "10px", padding: this.#wide.matches ? "4px 20px" : "4px 12px", flex: CARD_FLEX })}
        @keydown=${this.#moveFocus}
        @model-use=${({ detail }: KilnEvent<"model-use">) => this.#use(detail.id)}
        @model-details=${({ detail }: KilnEvent<"model-details">) => void this.#showDetails(detail.id)}
        @model-favourite=${({ detail }: KilnEvent<"model-favourite">) => this.#favourite(detail.id)}
        @link-allow=${({ detail }: KilnEvent<"link-allow">) => void this.app.links.allow([detail.id])}
        @link-check=${({ detail }: KilnEvent<"link-check">) => void this.app.links.check(detail.id)}
        @model-mark=${({ detail }: KilnEvent<"model-mark">) => this.#mark(detail.id, detail.range)}
        @model-menu=${({ detail }: KilnEvent<"model-menu">) => this.#openMenu(detail)}
        @trigger-word=${({ detail }: KilnEvent<"trigger-word">) => addToPrompt(this.app, detail.word)}
      ></lit-virtualizer>
      <kiln-action-menu></kiln-action-menu>
      ${
        this.#open
          ? html`<kiln-model-sheet
              .entry=${this.#open}
              @details-close=${() => (this.openId = undefined)}
            ></kiln-model-sheet>`
          : nothing
      }
    `;
  }

  #use(id: string): void {
    const entry = this.#entry(id);
    if (entry) useOf(entry.record)?.run(this.app, entry);
  }

  #favourite(id: string): void {
    const favourite = !(this.#entry(id)?.metadata?.favourite ?? false);
    void this.app.metadata.update(id, { favourite });
  }
}
