// What to ask the catalogue for. Emits a query when the user sends it; asks nothing itself.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import {
  CIVITAI_BASE_MODELS,
  CIVITAI_PERIODS,
  CIVITAI_SORTS,
  CIVITAI_TYPES,
  type CivitaiPeriod,
  type CivitaiQuery,
  type CivitaiSort,
} from "../../protocol/civitai-api.ts";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "query-change": Partial<CivitaiQuery>;
  }
  interface HTMLElementTagNameMap {
    "kiln-civitai-filter": CivitaiFilter;
  }
}

const PERIOD_NAMES: Readonly<Record<CivitaiPeriod, () => string>> = {
  Day: () => msg("Today"),
  Week: () => msg("This week"),
  Month: () => msg("This month"),
  Year: () => msg("This year"),
  AllTime: () => msg("All time"),
};

/** @event query-change */
@localized()
@customElement("kiln-civitai-filter")
export class CivitaiFilter extends LitElement {
  static override styles = [
    controlStyles,
    css`
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .search {
        display: flex;
        flex: 1 1 100%;
        gap: 8px;
        min-width: 0;
      }
      .search .button {
        flex: none;
      }
      select.field,
      .tag {
        flex: 1 1 140px;
        width: auto;
        max-width: 200px;
      }
      .adult {
        display: flex;
        gap: 8px;
        align-items: center;
        min-height: var(--kiln-target);
        cursor: pointer;
      }
      .adult input {
        width: 18px;
        height: 18px;
        accent-color: var(--kiln-accent);
      }
      @media (max-width: 999px) {
        .search {
          flex-basis: 100%;
        }
        select.field,
        .tag {
          flex-basis: 40%;
          max-width: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) query: CivitaiQuery = {};

  #change(change: Partial<CivitaiQuery>): void {
    fireEvent(this, "query-change", change);
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const text = (name: string): string | undefined => {
      const value = fields.get(name);
      return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
    };
    this.#change({ text: text("text"), tag: text("tag") });
  }

  #renderSelect(
    label: string,
    value: string,
    options: readonly (readonly [string, string])[],
    change: (value: string) => void,
  ): TemplateResult {
    return html`<select
      class="field"
      aria-label=${label}
      @change=${(event: Event) => change((event.target as HTMLSelectElement).value)}
    >
      ${options.map(
        ([option, name]) => html`<option value=${option} .selected=${option === value}>${name}</option>`,
      )}
    </select>`;
  }

  override render(): TemplateResult {
    const { query } = this;
    const pairs = (values: readonly string[]): readonly (readonly [string, string])[] =>
      values.map((value) => [value, value]);
    const list = (value: string): readonly string[] | undefined => (value === "" ? undefined : [value]);
    return html`<form role="search" @submit=${this.#submit}>
      <div class="search">
        <input
          class="field"
          type="search"
          name="text"
          aria-label=${msg("Search Civitai")}
          placeholder=${msg("Search, or paste a model's address")}
          .value=${query.text ?? ""}
        />
        <button class="button primary" type="submit">${icon("search")}${msg("Search")}</button>
      </div>
      ${this.#renderSelect(
        msg("Type"),
        query.types?.[0] ?? "",
        [["", msg("All types")], ...pairs(CIVITAI_TYPES)],
        (value) => this.#change({ types: list(value) }),
      )}
      ${this.#renderSelect(
        msg("Base model"),
        query.baseModels?.[0] ?? "",
        [["", msg("All base models")], ...pairs(CIVITAI_BASE_MODELS)],
        (value) => this.#change({ baseModels: list(value) }),
      )}
      <input
        class="field tag"
        type="text"
        name="tag"
        aria-label=${msg("Tag")}
        placeholder=${msg("Tag")}
        .value=${query.tag ?? ""}
      />
      ${this.#renderSelect(msg("Order"), query.sort ?? "Most Downloaded", pairs(CIVITAI_SORTS), (value) =>
        this.#change({ sort: value as CivitaiSort }),
      )}
      ${this.#renderSelect(
        msg("Period"),
        query.period ?? "AllTime",
        CIVITAI_PERIODS.map((period) => [period, PERIOD_NAMES[period]()] as const),
        (value) => this.#change({ period: value as CivitaiPeriod }),
      )}
      <label class="adult">
        <input
          type="checkbox"
          .checked=${query.nsfw ?? false}
          @change=${(event: Event) => this.#change({ nsfw: (event.target as HTMLInputElement).checked })}
        />
        ${msg("Adult content too")}
      </label>
    </form>`;
  }
}
