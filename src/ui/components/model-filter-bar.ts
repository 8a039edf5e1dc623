// Search, filters and order of the library. Gets a filter and what can be chosen; emits what changed of it.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import {
  type Facet,
  type ModelFacets,
  type ModelFilter,
  type ModelSort,
  WHOLE_LIBRARY,
} from "../model-filter.ts";
import { typeName } from "../model-names.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "filter-change": Partial<ModelFilter>;
    "marking-toggle": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-model-filter-bar": ModelFilterBar;
  }
}

const SORT_NAMES: Readonly<Record<ModelSort, () => string>> = {
  newest: () => msg("Newest first"),
  name: () => msg("By name"),
  size: () => msg("Largest first"),
  base: () => msg("By base model"),
};

/**
 * @event filter-change
 * @event marking-toggle - start or end choosing several models
 */
@localized()
@customElement("kiln-model-filter-bar")
export class ModelFilterBar extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: center;
      }
      .search {
        position: relative;
        flex: 2 1 220px;
        min-width: 0;
      }
      .search .icon {
        position: absolute;
        left: 10px;
        top: 10px;
        color: var(--kiln-quiet);
      }
      .search .field {
        padding-left: 38px;
      }
      select.field {
        flex: 1 1 130px;
        width: auto;
        max-width: 190px;
      }
      select.set {
        border-color: var(--kiln-accent);
        color: var(--kiln-accent-text);
      }
      .count {
        margin-left: auto;
        font-size: 14px;
        white-space: nowrap;
      }
      @media (max-width: 999px) {
        .search {
          flex-basis: 100%;
        }
        select.field {
          max-width: none;
          flex-basis: 40%;
        }
        .word {
          display: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) filter: ModelFilter = WHOLE_LIBRARY;
  @property({ attribute: false }) facets: ModelFacets = { types: [], bases: [], tags: [] };
  @property({ type: Number }) shown = 0;
  @property({ type: Boolean }) marking = false;

  #change(change: Partial<ModelFilter>): void {
    fireEvent(this, "filter-change", change);
  }

  #renderSelect(
    name: "type" | "base" | "tag",
    label: string,
    all: string,
    facets: readonly Facet[],
    text: (value: string) => string = (value) => value,
  ): TemplateResult | typeof nothing {
    const value = this.filter[name];
    if (facets.length === 0 && value === "") return nothing;
    return html`<select
      class="field ${value === "" ? "" : "set"}"
      aria-label=${label}
      @change=${(event: Event) => this.#change({ [name]: (event.target as HTMLSelectElement).value })}
    >
      <option value="" .selected=${value === ""}>${all}</option>
      ${facets.map(
        (facet) =>
          html`<option value=${facet.value} .selected=${facet.value === value}>
            ${text(facet.value)} (${facet.count})
          </option>`,
      )}
    </select>`;
  }

  override render(): TemplateResult {
    const { filter, facets } = this;
    const favourites = filter.favouritesOnly;
    return html`
      <label class="search">
        ${icon("search")}
        <input
          class="field"
          type="search"
          aria-label=${msg("Search models")}
          placeholder=${msg("Name, trigger word, tag or hash")}
          .value=${filter.text}
          @input=${(event: Event) => this.#change({ text: (event.target as HTMLInputElement).value })}
        />
      </label>
      ${this.#renderSelect("type", msg("Kind"), msg("All kinds"), facets.types, (value) =>
        typeName(value as Parameters<typeof typeName>[0]),
      )}
      ${this.#renderSelect("base", msg("Base model"), msg("All base models"), facets.bases)}
      ${this.#renderSelect("tag", msg("Tag"), msg("All tags"), facets.tags)}
      <select
        class="field"
        aria-label=${msg("Order")}
        @change=${(event: Event) =>
          this.#change({ sort: (event.target as HTMLSelectElement).value as ModelSort })}
      >
        ${Object.entries(SORT_NAMES).map(
          ([sort, name]) => html`<option value=${sort} .selected=${sort === filter.sort}>${name()}</option>`,
        )}
      </select>
      <button
        class="button"
        type="button"
        aria-label=${msg("Favourite models")}
        title=${msg("Favourites")}
        aria-pressed=${favourites ? "true" : "false"}
        @click=${() => this.#change({ favouritesOnly: !favourites })}
      >
        ${icon(favourites ? "heart-filled" : "heart")}
      </button>
      <button
        class="button"
        type="button"
        aria-label=${msg("Select several models")}
        aria-pressed=${this.marking ? "true" : "false"}
        @click=${() => fireEvent(this, "marking-toggle", null)}
      >
        ${icon("check-list")}<span class="word">${msg("Select")}</span>
      </button>
      <span class="quiet count" role="status"
        >${this.shown === 1 ? msg("1 model") : msg(str`${this.shown} models`)}</span
      >
    `;
  }
}
