// The LoRAs of a recipe, one slot each: order, on and off, strengths. Gets slots, emits slots; the library's list is given.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { ModelRecord, SuggestedSettings } from "../../protocol/library-api.ts";
import type { ModelMetadata } from "../../protocol/metadata-api.ts";
import { fireEvent, type KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { LORA_STRENGTH, type LoraSlot } from "../recipe.ts";
import { callName, loraTag } from "../prompt-names.ts";
import { controlStyles } from "../styles/controls.ts";
import "./number-field.ts";
import "./select-field.ts";

declare global {
  interface KilnEvents {
    "loras-change": { readonly loras: readonly LoraSlot[] };
    "settings-take": SuggestedSettings;
    "prompt-insert": { readonly text: string; readonly field: "prompt" | "negativePrompt" };
  }
  interface HTMLElementTagNameMap {
    "kiln-lora-slots": LoraSlots;
  }
}

// Some files state every tag of their training; the rest is in the model's details.
const MAX_WORDS = 8;

// What trainers recommend lies within; the field beside the slider takes more.
const SLIDER_MAX = 2;

export type LoraNotes = Pick<ModelMetadata, "trigger_words" | "preferred_strength">;

/**
 * @event loras-change - a slot was added, moved, switched, set or removed
 * @event settings-take - the settings that a LoRA was trained for are wanted
 * @event prompt-insert - a LoRA is wanted as a tag, or one of its trigger words, in the prompt
 */
@localized()
@customElement("kiln-lora-slots")
export class LoraSlots extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 10px;
      }
      ol {
        display: grid;
        gap: 10px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        gap: 6px;
        padding-bottom: 8px;
        border-bottom: 1px solid var(--kiln-line);
      }
      .head,
      .switch {
        display: flex;
        align-items: center;
        gap: 8px;
        min-height: var(--kiln-target);
      }
      .head .switch {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
        font-weight: 600;
      }
      .off {
        color: var(--kiln-quiet);
      }
      input[type="checkbox"] {
        flex: none;
        width: 20px;
        height: 20px;
        margin: 0;
        accent-color: var(--kiln-accent);
      }
      .tools {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px 10px;
        font-size: 13.5px;
      }
      .word {
        max-width: 100%;
        overflow-wrap: anywhere;
        white-space: normal;
      }
    `,
  ];

  @property({ attribute: false }) slots: readonly LoraSlot[] = [];
  /** Of the library, of type "lora". */
  @property({ attribute: false }) loras: readonly ModelRecord[] = [];
  /** Trigger words and the strength that somebody noted, by the model's id. */
  @property({ attribute: false }) metadata: ReadonlyMap<string, LoraNotes> = new Map();

  #emit(loras: readonly LoraSlot[]): void {
    fireEvent(this, "loras-change", { loras });
  }

  #set(index: number, fields: Partial<LoraSlot>): void {
    this.#emit(this.slots.map((slot, at) => (at === index ? { ...slot, ...fields } : slot)));
  }

  #add(modelId: string): void {
    if (modelId === "") return;
    const weight = this.metadata.get(modelId)?.preferred_strength ?? 1;
    this.#emit([...this.slots, { modelId, unetWeight: weight, textWeight: weight }]);
  }

  #remove(index: number): void {
    this.#emit(this.slots.filter((_, at) => at !== index));
  }

  #move(index: number, by: -1 | 1): void {
    const slots = [...this.slots];
    [slots[index], slots[index + by]] = [slots[index + by], slots[index]];
    this.#emit(slots);
  }

  /** The tag says what the slot said, so the slot goes. */
  #toTag(index: number, record: ModelRecord): void {
    fireEvent(this, "prompt-insert", { text: loraTag(record, this.slots[index]), field: "prompt" });
    this.#remove(index);
  }

  #renderButton(name: string, symbol: TemplateResult | string, disabled: boolean, run: () => void) {
    return html`<button
      class="button plain square"
      type="button"
      aria-label=${name}
      title=${name}
      ?disabled=${disabled}
      @click=${run}
    >
      ${symbol}
    </button>`;
  }

  #renderStrengths(slot: LoraSlot, index: number, name: string): TemplateResult {
    const separate = slot.separate ?? slot.unetWeight !== slot.textWeight;
    const field = (label: string, value: number, set: (value: number) => Partial<LoraSlot>) =>
      html`<kiln-number-field
        label=${label}
        slider
        .sliderMax=${SLIDER_MAX}
        .sliderMin=${-SLIDER_MAX}
        .value=${value}
        .initial=${1}
        .range=${LORA_STRENGTH}
        @number-change=${(event: KilnEvent<"number-change">) => this.#set(index, set(event.detail.value))}
      ></kiln-number-field>`;
    return html`
      ${field(msg(str`Strength of ${name}`), slot.unetWeight, (value) =>
        separate ? { unetWeight: value } : { unetWeight: value, textWeight: value },
      )}
      ${
        separate
          ? field(msg(str`Text strength of ${name}`), slot.textWeight, (value) => ({ textWeight: value }))
          : nothing
      }
      <label class="switch quiet">
        <input
          type="checkbox"
          aria-label=${msg(str`Separate text strength for ${name}`)}
          .checked=${separate}
          @change=${() =>
            this.#set(
              index,
              separate ? { separate: false, textWeight: slot.unetWeight } : { separate: true },
            )}
        />
        ${msg("Separate strength for the text encoder")}
      </label>
    `;
  }

  #renderWords(id: string, name: string): TemplateResult | typeof nothing {
    const words = this.metadata.get(id)?.trigger_words.slice(0, MAX_WORDS) ?? [];
    if (words.length === 0) return nothing;
    return html`<div class="tools" role="group" aria-label=${msg(str`Trigger words of ${name}`)}>
      <span class="quiet">${msg("Trigger words")}</span>
      ${words.map(
        (word) =>
          html`<button
            class="button plain word"
            type="button"
            aria-label=${msg(str`Put “${word}” into the prompt`)}
            @click=${() => fireEvent(this, "prompt-insert", { text: word, field: "prompt" })}
          >
            ${word}
          </button>`,
      )}
    </div>`;
  }

  #renderSuggestion(settings: SuggestedSettings): TemplateResult {
    const { steps, guidanceScale, sampler } = settings;
    return html`<button
      class="button plain"
      type="button"
      @click=${() => fireEvent(this, "settings-take", settings)}
    >
      ${msg(str`Set what it was trained for: ${steps} steps, CFG ${guidanceScale}, ${sampler}`)}
    </button>`;
  }

  #renderSlot(slot: LoraSlot, index: number): TemplateResult {
    const record = this.loras.find(({ id }) => id === slot.modelId);
    const name = record ? callName(record) : msg("a LoRA that is not on this device");
    return html`<li>
      <div class="head">
        <label class="switch ${slot.off ? "off" : ""}">
          <input
            type="checkbox"
            aria-label=${msg(str`Use ${name}`)}
            .checked=${!slot.off}
            @change=${() => this.#set(index, { off: !slot.off })}
          />
          ${name}
        </label>
        ${this.#renderButton(msg(str`Move ${name} up`), "↑", index === 0, () => this.#move(index, -1))}
        ${this.#renderButton(msg(str`Move ${name} down`), "↓", index === this.slots.length - 1, () =>
          this.#move(index, 1),
        )}
        ${this.#renderButton(msg(str`Remove ${name}`), icon("x"), false, () => this.#remove(index))}
      </div>
      ${this.#renderStrengths(slot, index, name)}
      ${
        record
          ? html`${this.#renderWords(record.id, name)}
              <div class="tools">
                <button
                  class="button plain"
                  type="button"
                  aria-label=${msg(str`Move ${name} into the prompt as a tag`)}
                  @click=${() => this.#toTag(index, record)}
                >
                  ${msg("Into the prompt, as a tag")}
                </button>
                ${record.suggests ? this.#renderSuggestion(record.suggests) : nothing}
              </div>`
          : nothing
      }
    </li>`;
  }

  override render(): TemplateResult {
    const unused = this.loras.filter(({ id }) => !this.slots.some(({ modelId }) => modelId === id));
    return html`
      ${
        this.slots.length > 0
          ? html`<ol aria-label=${msg("LoRAs in use")}>
              ${repeat(
                this.slots,
                ({ modelId }) => modelId,
                (slot, index) => this.#renderSlot(slot, index),
              )}
            </ol>`
          : nothing
      }
      ${
        this.loras.length === 0
          ? html`<p class="quiet">${msg("Drop a LoRA file anywhere to use it here.")}</p>`
          : html`<kiln-select-field
              label=${msg("Add a LoRA")}
              value=""
              .options=${[
                { value: "", label: unused.length > 0 ? msg("Choose…") : msg("All are in use") },
                ...unused.map((record) => ({ value: record.id, label: record.name })),
              ]}
              @select-change=${(event: KilnEvent<"select-change">) => this.#add(event.detail.value)}
            ></kiln-select-field>`
      }
    `;
  }
}
