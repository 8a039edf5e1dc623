// Every dial of a job but the prompts, in groups that fold. Gets a recipe, emits what changed of it.

import "@awesome.me/webawesome/dist/components/details/details.js";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ModelRecord } from "../../protocol/library-api.ts";
import type { ModelMetadata } from "../../protocol/metadata-api.ts";
import { samplers } from "../../sampling/samplers.ts";
import { AUTOMATIC_SCHEDULE, schedules } from "../../sampling/schedules.ts";
import { fireEvent, type KilnEvent } from "../fire-event.ts";
import { withInsertion } from "../prompt-names.ts";
import { INITIAL_RECIPE, type NumberFieldName, RANGES, type Recipe } from "../recipe.ts";
import { controlStyles } from "../styles/controls.ts";
import "./embedding-picker.ts";
import "./lora-slots.ts";
import "./number-field.ts";
import "./seed-field.ts";
import "./select-field.ts";
import "./size-fields.ts";

declare global {
  interface KilnEvents {
    "recipe-change": Partial<Recipe>;
    "group-toggle": { readonly group: string; readonly open: boolean };
    "recipe-reset": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-parameter-fields": ParameterFields;
  }
}

const SAMPLER_OPTIONS = samplers.map(({ name }) => ({ value: name, label: name }));
const SCHEDULE_OPTIONS = [AUTOMATIC_SCHEDULE, ...schedules.map(({ name }) => name)].map((name) => ({
  value: name,
  label: name,
}));

// As A1111 calls it; no id looks like this.
const OWN_VAE = "Automatic";

/**
 * @event recipe-change - some fields changed
 * @event group-toggle - a group was folded or unfolded
 * @event recipe-reset - back to the model's defaults
 */
@localized()
@customElement("kiln-parameter-fields")
export class ParameterFields extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 10px;
      }
      wa-details {
        --spacing: 12px;
      }
      wa-details::part(header) {
        min-height: var(--kiln-target);
        padding-block: 8px;
        font-weight: 600;
      }
      wa-details::part(content) {
        padding-block-start: 2px;
      }
      .fields {
        display: grid;
        gap: 10px;
      }
      .pair {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 10px;
      }
      .fixed {
        margin: 0;
        color: var(--kiln-quiet);
      }
      .reset {
        justify-self: start;
        font-size: 13px;
        color: var(--kiln-quiet);
      }
    `,
  ];

  @property({ attribute: false }) recipe: Recipe = INITIAL_RECIPE;
  @property({ attribute: false }) defaults: Recipe = INITIAL_RECIPE;
  @property({ attribute: false }) models: readonly ModelRecord[] = [];
  /** By the model's id. */
  @property({ attribute: false }) metadata: ReadonlyMap<string, ModelMetadata> = new Map();
  @property({ attribute: false }) reusableSeed?: number;
  /** Names of unfolded groups. */
  @property({ attribute: false }) openGroups: readonly string[] = [];

  #change(fields: Partial<Recipe>): void {
    fireEvent(this, "recipe-change", fields);
  }

  #renderNumber(name: NumberFieldName, label: string, slider?: { readonly max: number }): TemplateResult {
    return html`<kiln-number-field
      label=${label}
      ?slider=${slider !== undefined}
      .sliderMax=${slider?.max}
      .value=${this.recipe[name]}
      .initial=${this.defaults[name]}
      .range=${RANGES[name]}
      @number-change=${(event: KilnEvent<"number-change">) => this.#change({ [name]: event.detail.value })}
    ></kiln-number-field>`;
  }

  #renderSelect(
    name: "modelId" | "sampler" | "schedule",
    label: string,
    options: readonly { readonly value: string; readonly label: string }[],
  ): TemplateResult {
    return html`<kiln-select-field
      label=${label}
      .value=${this.recipe[name]}
      .initial=${this.defaults[name]}
      .options=${options}
      @select-change=${(event: KilnEvent<"select-change">) => this.#change({ [name]: event.detail.value })}
    ></kiln-select-field>`;
  }

  #renderGroup(group: string, title: string, fields: TemplateResult): TemplateResult {
    const toggle = (event: Event, open: boolean): void => {
      // Details inside would bubble theirs through.
      if (event.target === event.currentTarget) fireEvent(this, "group-toggle", { group, open });
    };
    return html`<wa-details
      summary=${title}
      ?open=${this.openGroups.includes(group)}
      @wa-show=${(event: Event) => toggle(event, true)}
      @wa-hide=${(event: Event) => toggle(event, false)}
    >
      <div class="fields">${fields}</div>
    </wa-details>`;
  }

  /** Automatic is the checkpoint's own. */
  #renderVae(): TemplateResult {
    const vaes = this.models.filter(({ type }) => type === "vae");
    return html`<kiln-select-field
      label=${msg("VAE")}
      .value=${this.recipe.vaeId || OWN_VAE}
      .initial=${OWN_VAE}
      .options=${[
        { value: OWN_VAE, label: msg("Automatic") },
        ...vaes.map(({ id, name }) => ({ value: id, label: name })),
      ]}
      @select-change=${({ detail: { value } }: KilnEvent<"select-change">) =>
        this.#change({ vaeId: value === OWN_VAE ? "" : value })}
    ></kiln-select-field>`;
  }

  #insert({ detail: { field, text } }: KilnEvent<"prompt-insert">): void {
    this.#change({ [field]: withInsertion(this.recipe[field], text) });
  }

  override render(): TemplateResult {
    const { recipe, defaults } = this;
    const checkpoints = this.models.filter(({ type }) => type === "checkpoint");
    const fixed = checkpoints.find(({ id }) => id === recipe.modelId)?.fixed;
    return html`
      ${this.#renderSelect(
        "modelId",
        msg("Model"),
        checkpoints.map(({ id, name }) => ({ value: id, label: name })),
      )}
      ${this.#renderVae()}
      ${this.#renderGroup(
        "size",
        msg("Size"),
        fixed?.width && fixed.height
          ? html`<p class="fixed">
              ${msg(str`${fixed.width} × ${fixed.height}: this model was published for pictures of this size only.`)}
            </p>`
          : html`<kiln-size-fields
              .size=${{ width: recipe.width, height: recipe.height }}
              .initial=${{ width: defaults.width, height: defaults.height }}
              @size-change=${(event: KilnEvent<"size-change">) => this.#change(event.detail)}
            ></kiln-size-fields>`,
      )}
      ${this.#renderGroup(
        "sampling",
        msg("Sampling"),
        html`
          ${this.#renderNumber("steps", msg("Steps"), { max: 50 })}
          ${this.#renderNumber("guidanceScale", msg("CFG scale"), { max: 15 })}
          <div class="pair">
            ${this.#renderSelect("sampler", msg("Sampler"), SAMPLER_OPTIONS)}
            ${this.#renderSelect("schedule", msg("Schedule"), SCHEDULE_OPTIONS)}
          </div>
          <kiln-seed-field
            .seed=${recipe.seed}
            .reusable=${this.reusableSeed}
            @seed-change=${(event: KilnEvent<"seed-change">) => this.#change({ seed: event.detail.seed })}
          ></kiln-seed-field>
          ${this.#renderNumber("clipSkip", msg("Clip skip"))}
        `,
      )}
      ${this.#renderGroup(
        "lora",
        msg("LoRA"),
        html`<kiln-lora-slots
          .slots=${recipe.loras}
          .loras=${this.models.filter(({ type }) => type === "lora")}
          .metadata=${this.metadata}
          @loras-change=${(event: KilnEvent<"loras-change">) => this.#change(event.detail)}
          @settings-take=${(event: KilnEvent<"settings-take">) => this.#change(event.detail)}
          @prompt-insert=${(event: KilnEvent<"prompt-insert">) => this.#insert(event)}
        ></kiln-lora-slots>`,
      )}
      ${this.#renderGroup(
        "embeddings",
        msg("Embeddings"),
        html`<kiln-embedding-picker
          .embeddings=${this.models.filter(({ type }) => type === "embedding")}
          @prompt-insert=${(event: KilnEvent<"prompt-insert">) => this.#insert(event)}
        ></kiln-embedding-picker>`,
      )}
      ${this.#renderGroup(
        "batch",
        msg("Batch"),
        html`<div class="pair">
          ${this.#renderNumber("batchCount", msg("Batch count"))}
          ${fixed?.batch === 1 ? nothing : this.#renderNumber("batchSize", msg("Batch size"))}
        </div>`,
      )}
      <button class="button plain reset" type="button" @click=${() => fireEvent(this, "recipe-reset", null)}>
        ${msg("Reset to the model's defaults")}
      </button>
    `;
  }
}
