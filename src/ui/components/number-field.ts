// A labelled number: typed, stepped with the arrow keys or dragged on a slider. Knows its range, not its meaning.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { fireEvent } from "../fire-event.ts";
import { fitNumber, type NumberRange, parseSize } from "../recipe.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "number-change": { readonly value: number };
    "size-paste": { readonly width: number; readonly height: number };
  }
  interface HTMLElementTagNameMap {
    "kiln-number-field": NumberField;
  }
}

/**
 * @event number-change - the user chose a number, already inside the range
 * @event size-paste - `768x1024` was pasted or typed; only with `takes-size`
 */
@localized()
@customElement("kiln-number-field")
export class NumberField extends LitElement {
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
      .row {
        display: grid;
        grid-template-columns: 1fr 84px;
        align-items: center;
        gap: 10px;
      }
      .row.bare {
        grid-template-columns: 1fr;
      }
      input[type="range"] {
        width: 100%;
        height: var(--kiln-target);
        margin: 0;
        accent-color: var(--kiln-accent);
        cursor: pointer;
      }
      input.field {
        text-align: right;
        font-variant-numeric: tabular-nums;
        appearance: textfield;
      }
      .bare input.field {
        text-align: left;
      }
      input::-webkit-inner-spin-button {
        display: none;
      }
    `,
  ];

  @property() label = "";
  @property({ attribute: false }) value = 0;
  @property({ attribute: false }) range: NumberRange = { min: 0, max: 100, step: 1 };
  /** What a double click or the dot returns to; without it neither exists. */
  @property({ attribute: false }) initial?: number;
  /** The slider may end earlier than the range: most people want 20 steps, few want 150. */
  @property({ attribute: false }) sliderMax?: number;
  @property({ attribute: false }) sliderMin?: number;
  @property({ type: Boolean }) slider = false;
  @property({ type: Boolean, attribute: "takes-size" }) takesSize = false;

  @query("input.field") private readonly field!: HTMLInputElement;

  /** What is typed and not taken yet: a value that arrives meanwhile must not replace it. */
  #draft?: string;

  override focus(): void {
    this.field.focus();
  }

  #emit(value: number): void {
    this.#draft = undefined;
    const fitted = fitNumber(value, this.range, this.value);
    this.field.value = String(fitted);
    if (fitted !== this.value) fireEvent(this, "number-change", { value: fitted });
  }

  #take(value: string): void {
    const size = this.takesSize ? parseSize(value) : undefined;
    if (size) {
      this.#draft = undefined;
      fireEvent(this, "size-paste", size);
      this.field.value = String(this.value);
    } else {
      this.#emit(value.trim() === "" ? Number.NaN : Number(value.replace(",", ".")));
    }
  }

  #key(event: KeyboardEvent): void {
    const direction = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (direction === 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#emit(Number(this.field.value) + direction * this.range.step * (event.shiftKey ? 10 : 1));
  }

  #pasted(event: ClipboardEvent): void {
    const size = this.takesSize ? parseSize(event.clipboardData?.getData("text") ?? "") : undefined;
    if (!size) return;
    event.preventDefault();
    fireEvent(this, "size-paste", size);
  }

  #reset(): void {
    if (this.initial !== undefined) this.#emit(this.initial);
  }

  #renderReset(): TemplateResult | typeof nothing {
    if (this.initial === undefined || this.initial === this.value) return nothing;
    const name = msg(str`Back to the default, ${this.initial}`);
    return html`<button
      class="changed"
      type="button"
      title=${name}
      aria-label=${name}
      @click=${this.#reset}
    ></button>`;
  }

  #renderSlider(): TemplateResult | typeof nothing {
    if (!this.slider) return nothing;
    // A second handle on the same number for the pointer; keyboards and screen readers use the field beside it.
    return html`<input
      type="range"
      tabindex="-1"
      aria-hidden="true"
      min=${Math.min(this.sliderMin ?? this.range.min, this.value)}
      max=${Math.max(this.sliderMax ?? this.range.max, this.value)}
      step=${this.range.step}
      .value=${String(this.value)}
      @input=${(event: Event) => this.#emit(Number((event.target as HTMLInputElement).value))}
      @dblclick=${this.#reset}
    />`;
  }

  // The field is text, not number: `768x1024`, a comma and an empty field must reach us as typed.
  override render(): TemplateResult {
    return html`
      <div class="label head">
        <label for="field">${this.label}</label>
        ${this.#renderReset()}
      </div>
      <div class="row ${this.slider ? "" : "bare"}">
        ${this.#renderSlider()}
        <input
          id="field"
          class="field"
          type="text"
          inputmode=${this.range.step < 1 ? "decimal" : "numeric"}
          autocomplete="off"
          role="spinbutton"
          aria-label=${this.label}
          aria-valuenow=${this.value}
          aria-valuemin=${this.range.min}
          aria-valuemax=${this.range.max}
          .value=${this.#draft ?? String(this.value)}
          @input=${() => (this.#draft = this.field.value)}
          @change=${() => this.#take(this.field.value)}
          @blur=${() => this.#draft !== undefined && this.#take(this.#draft)}
          @keydown=${this.#key}
          @paste=${this.#pasted}
          @focus=${() => this.field.select()}
        />
      </div>
    `;
  }
}
