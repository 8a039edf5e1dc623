// A prompt's text area with its token count and the weight keys. Does not tokenize.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { TokenCount } from "../../protocol/engine-api.ts";
import { fireEvent } from "../fire-event.ts";
import { editWeight } from "../prompt-edit.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "prompt-change": { readonly value: string };
  }
  interface HTMLElementTagNameMap {
    "kiln-prompt-field": PromptField;
  }
}

/** @event prompt-change - with every keystroke */
@localized()
@customElement("kiln-prompt-field")
export class PromptField extends LitElement {
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
      .count {
        font-variant-numeric: tabular-nums;
        font-weight: 400;
      }
      textarea.field {
        display: block;
        resize: vertical;
        line-height: 1.45;
        field-sizing: content;
        min-height: var(--prompt-min, 92px);
        max-height: var(--prompt-max, 40vh);
      }
    `,
  ];

  @property() label = "";
  @property() value = "";
  @property() placeholder = "";
  @property({ attribute: false }) tokens?: TokenCount;

  @query("textarea") private readonly area!: HTMLTextAreaElement;

  override focus(): void {
    this.area.focus();
  }

  #changed(): void {
    fireEvent(this, "prompt-change", { value: this.area.value });
  }

  #key(event: KeyboardEvent): void {
    const direction = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (direction === 0 || !(event.ctrlKey || event.metaKey)) return;
    const { value: text, selectionStart: start, selectionEnd: end } = this.area;
    const edited = editWeight({ text, start, end }, direction);
    event.preventDefault();
    if (!edited) return;
    // Through the selection, so that the browser's own undo takes it back.
    this.area.setSelectionRange(0, text.length);
    if (!document.execCommand("insertText", false, edited.text)) this.area.value = edited.text;
    this.area.setSelectionRange(edited.start, edited.end);
    this.#changed();
  }

  override render(): TemplateResult {
    const { tokens = 0, capacity = 75 } = this.tokens ?? {};
    return html`
      <div class="label head">
        <label for="area">${this.label}</label>
        <span class="count" title=${msg("Tokens in use of those that fit")}>
          <span aria-hidden="true">${tokens}/${capacity}</span>
          <span class="visually-hidden">${msg(str`${tokens} of ${capacity} tokens`)}</span>
        </span>
      </div>
      <textarea
        id="area"
        class="field"
        spellcheck="false"
        autocapitalize="off"
        .value=${this.value}
        placeholder=${this.placeholder}
        @input=${this.#changed}
        @keydown=${this.#key}
      ></textarea>
    `;
  }
}
