// What a person may write about a model, field by field. Emits a change when a field is left; stores nothing itself.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import {
  type EditableMetadata,
  MODEL_KINDS,
  type ModelKind,
  type ModelMetadata,
  type UsageTips,
} from "../../protocol/metadata-api.ts";
import { fireEvent } from "../fire-event.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "metadata-change": Partial<EditableMetadata>;
  }
  interface HTMLElementTagNameMap {
    "kiln-model-form": ModelForm;
  }
}

interface Draft {
  readonly text: string;
  readonly take: (text: string) => void;
}

interface DraftField {
  readonly value: string;
  readonly typed: (event: Event) => void;
  readonly left: () => void;
}

type TextField = "name" | "civitai_name" | "civitai_type" | "base_model" | "source" | "licence";
type ListField = "trigger_words" | "tags";
type TipField = Exclude<keyof UsageTips, "negative_text">;

const KIND_NAMES: Readonly<Record<ModelKind, () => string>> = {
  SD: () => msg("SD: checkpoints"),
  LoRA: () => msg("LoRA"),
  CN: () => msg("CN: ControlNets"),
  SR: () => msg("SR: upscalers"),
  TI: () => msg("TI: embeddings"),
  HN: () => msg("HN: hypernetworks"),
  VAE: () => msg("VAE"),
};

/** Commas and line ends part the words. */
export function splitList(text: string): readonly string[] {
  const parts = text.split(/[,\n]/).map((part) => part.trim());
  return [...new Set(parts.filter((part) => part !== ""))];
}

/** @event metadata-change */
@localized()
@customElement("kiln-model-form")
export class ModelForm extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 1fr));
        gap: 12px;
      }
      label {
        display: grid;
        gap: 2px;
        align-content: start;
      }
      .wide {
        grid-column: 1 / -1;
      }
      textarea {
        min-height: 84px;
        resize: vertical;
      }
      .numbers {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(120px, 1fr));
        gap: 12px;
      }
      @media (max-width: 560px) {
        :host {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  @property({ attribute: false }) metadata!: ModelMetadata;

  /** Sent and not come back yet. */
  #tips?: UsageTips;
  /** What is typed and not taken yet, by field: facts that arrive meanwhile must not replace it. */
  readonly #drafts = new Map<string, Draft>();

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("metadata")) return;
    if (changed.get("metadata")?.id !== this.metadata.id) {
      this.#tips = undefined;
      this.#drafts.clear();
    } else if (JSON.stringify(this.#tips) === JSON.stringify(this.metadata.usage_tips)) {
      this.#tips = undefined;
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // The sheet was closed, or the list went on without this model: what stood in a field is kept all the same.
    this.#takeAll();
  }

  #takeAll(): void {
    const drafts = [...this.#drafts.values()];
    this.#drafts.clear();
    for (const { text, take } of drafts) take(text);
  }

  #change(change: Partial<EditableMetadata>): void {
    fireEvent(this, "metadata-change", change);
  }

  /** The handlers of a text field whose text is handed to `take` when the field is left. */
  #draft(name: string, stored: string, take: (text: string) => void): DraftField {
    const taken = (): void => {
      const draft = this.#drafts.get(name);
      this.#drafts.delete(name);
      if (draft && draft.text !== stored) take(draft.text);
    };
    return {
      value: this.#drafts.get(name)?.text ?? stored,
      typed: (event) => this.#drafts.set(name, { text: (event.target as HTMLInputElement).value, take }),
      left: taken,
    };
  }

  #renderText(name: TextField, label: string): TemplateResult {
    const { value, typed, left } = this.#draft(name, this.metadata[name], (text) =>
      this.#change({ [name]: text.trim() }),
    );
    return html`<label>
      <span class="label">${label}</span>
      <input class="field" type="text" .value=${value} @input=${typed} @change=${left} @blur=${left} />
    </label>`;
  }

  #renderList(name: ListField, label: string): TemplateResult {
    const { value, typed, left } = this.#draft(name, this.metadata[name].join(", "), (text) =>
      this.#change({ [name]: splitList(text) }),
    );
    return html`<label class="wide">
      <span class="label">${label}</span>
      <input class="field" type="text" .value=${value} @input=${typed} @change=${left} @blur=${left} />
    </label>`;
  }

  #renderArea(name: "notes" | "description", label: string): TemplateResult {
    const { value, typed, left } = this.#draft(name, this.metadata[name], (text) =>
      this.#change({ [name]: text }),
    );
    return html`<label class="wide">
      <span class="label">${label}</span>
      <textarea class="field" .value=${value} @input=${typed} @change=${left} @blur=${left}></textarea>
    </label>`;
  }

  #renderNumber(
    name: string,
    label: string,
    stored: number | null | undefined,
    set: (value: number | undefined) => void,
  ): TemplateResult {
    const { value, typed, left } = this.#draft(name, String(stored ?? ""), (text) => {
      const number = Number(text);
      set(text.trim() === "" || !Number.isFinite(number) ? undefined : number);
    });
    return html`<label>
      <span class="label">${label}</span>
      <input
        class="field"
        type="number"
        step="0.05"
        .value=${value}
        @input=${typed}
        @change=${left}
        @blur=${left}
      />
    </label>`;
  }

  #renderTip(name: TipField, label: string): TemplateResult {
    return this.#renderNumber(name, label, this.metadata.usage_tips[name], (value) => {
      // The tips are stored as one: an earlier change may still be on its way.
      this.#tips = { ...this.metadata.usage_tips, ...this.#tips, [name]: value };
      this.#change({ usage_tips: this.#tips });
    });
  }

  override render(): TemplateResult {
    const { metadata } = this;
    return html`
      ${this.#renderText("name", msg("Name"))}
      <label>
        <span class="label">${msg("Folder kind")}</span>
        <select
          class="field"
          @change=${(event: Event) =>
            this.#change({ kind: ((event.target as HTMLSelectElement).value || null) as ModelKind | null })}
        >
          <option value="" .selected=${metadata.kind === null}>${msg("Not known")}</option>
          ${MODEL_KINDS.map(
            (kind) =>
              html`<option value=${kind} .selected=${kind === metadata.kind}>${KIND_NAMES[kind]()}</option>`,
          )}
        </select>
      </label>
      ${this.#renderText("base_model", msg("Base model"))} ${this.#renderText("licence", msg("Licence"))}
      ${this.#renderList("trigger_words", msg("Trigger words, separated by commas"))}
      ${this.#renderList("tags", msg("Tags, separated by commas"))} ${this.#renderArea("notes", msg("Notes"))}
      <div class="numbers wide">
        ${this.#renderNumber(
          "preferred_strength",
          msg("Preferred strength"),
          metadata.preferred_strength,
          (value) => this.#change({ preferred_strength: value ?? null }),
        )}
        ${this.#renderTip("strength_min", msg("Strength from"))}
        ${this.#renderTip("strength_max", msg("Strength to"))}
        ${this.#renderTip("clip_strength", msg("Text strength"))}
        ${this.#renderTip("clip_skip", msg("Clip skip"))}
      </div>
      ${this.#renderText("civitai_name", msg("Name at Civitai"))}
      ${this.#renderText("civitai_type", msg("Type at Civitai"))}
      ${this.#renderText("source", msg("Where it came from"))}
      ${this.#renderArea("description", msg("Description (HTML)"))}
    `;
  }
}
