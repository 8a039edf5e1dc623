// A labelled choice from a list. A native select: it is what phones, keyboards and screen readers handle best.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { controlStyles } from "../styles/controls.ts";

export interface SelectOption {
  readonly value: string;
  readonly label: string;
}

declare global {
  interface KilnEvents {
    "select-change": { readonly value: string };
  }
  interface HTMLElementTagNameMap {
    "kiln-select-field": SelectField;
  }
}

/** @event select-change - the user chose another option */
@localized()
@customElement("kiln-select-field")
export class SelectField extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
        min-width: 0;
      }
      .head {
        justify-content: space-between;
      }
    `,
  ];

  @property() label = "";
  @property() value = "";
  @property({ attribute: false }) options: readonly SelectOption[] = [];
  @property({ attribute: false }) initial?: string;
  @query("select") private readonly field!: HTMLSelectElement;

  #choose(value: string): void {
    if (value !== this.value) fireEvent(this, "select-change", { value });
    this.requestUpdate(); // the owner may have answered with the same value
  }

  /** Options that come and go take the choice with them; the property decides. */
  override updated(): void {
    if (this.field.value !== this.value) this.field.value = this.value;
  }

  #renderReset(): TemplateResult | typeof nothing {
    const initial = this.initial;
    if (initial === undefined || initial === this.value) return nothing;
    const name = msg(str`Back to the default, ${initial}`);
    return html`<button
      class="changed"
      type="button"
      title=${name}
      aria-label=${name}
      @click=${() => this.#choose(initial)}
    ></button>`;
  }

  override render(): TemplateResult {
    // A value from elsewhere (another version, a dropped recipe) stays visible instead of turning into the first option.
    const known = this.options.some(({ value }) => value === this.value);
    const options =
      known || this.value === "" ? this.options : [{ value: this.value, label: this.value }, ...this.options];
    return html`
      <div class="label head">
        <label for="field">${this.label}</label>
        ${this.#renderReset()}
      </div>
      <select
        id="field"
        class="field"
        @change=${(event: Event) => this.#choose((event.target as HTMLSelectElement).value)}
      >
        ${options.map(
          ({ value, label }) =>
            html`<option value=${value} .selected=${value === this.value}>${label}</option>`,
        )}
      </select>
    `;
  }
}
