// What follows a drop: models are imported, text becomes the prompt, and a picture's recipe is shown to be restored.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { SerializedError } from "../../protocol/app-error.ts";
import type { ModelRecord } from "../../protocol/library-api.ts";
import { type App, appContext } from "../app.ts";
import "../components/copy-or-link.ts";
import "../components/error-note.ts";
import { type Dropped, findDropped, type Finding } from "../dropped.ts";
import { fireEvent, type KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { restoreFields } from "../picture-actions.ts";
import type { Recipe } from "../recipe.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "drop-close": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-drop-sheet": DropSheet;
  }
}

// A second copy of a smaller file is not worth a question.
const WORTH_ASKING_BYTES = 64 * 1024 * 1024;

type RecipeFinding = Extract<Finding, { kind: "recipe" }>;

/** Fields that are restored together, in the order of the sheet. */
const ROWS: readonly { readonly name: () => string; readonly fields: readonly (keyof Recipe)[] }[] = [
  { name: () => msg("Prompt"), fields: ["prompt", "loras"] },
  { name: () => msg("Negative prompt"), fields: ["negativePrompt"] },
  { name: () => msg("Model"), fields: ["modelId"] },
  { name: () => msg("VAE"), fields: ["vaeId"] },
  { name: () => msg("Size"), fields: ["width", "height"] },
  { name: () => msg("Steps"), fields: ["steps"] },
  { name: () => msg("CFG scale"), fields: ["guidanceScale"] },
  { name: () => msg("Sampler"), fields: ["sampler", "schedule"] },
  { name: () => msg("Seed"), fields: ["seed"] },
  { name: () => msg("Clip skip"), fields: ["clipSkip"] },
];

/** @event drop-close - everything dropped has been dealt with */
@localized()
@customElement("kiln-drop-sheet")
export class DropSheet extends LitElement {
  static override styles = [
    controlStyles,
    css`
      dialog {
        width: min(620px, calc(100vw - 24px));
        max-height: calc(100dvh - 48px);
        padding: 20px;
        overflow-y: auto;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-raised);
        color: var(--kiln-text);
        box-shadow: var(--kiln-shadow);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 50%);
      }
      .head,
      .foot {
        display: flex;
        align-items: center;
        gap: 8px;
      }
      .head {
        justify-content: space-between;
        margin-bottom: 12px;
      }
      .foot {
        justify-content: flex-end;
        margin-top: 16px;
      }
      h2 {
        margin: 0;
        font-size: 19px;
      }
      .found {
        display: grid;
        gap: 14px;
      }
      .picture {
        justify-self: center;
        max-width: 100%;
        max-height: 200px;
        border-radius: var(--kiln-radius);
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li label {
        display: grid;
        grid-template-columns: 20px 136px minmax(0, 1fr);
        gap: 10px;
        align-items: center;
        min-height: var(--kiln-target);
        border-top: 1px solid var(--kiln-line);
        cursor: pointer;
      }
      input[type="checkbox"] {
        width: 18px;
        height: 18px;
        accent-color: var(--kiln-accent);
      }
      .value {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .missing {
        margin: 0;
      }
    `,
  ];

  @property({ attribute: false }) dropped!: Dropped;

  @consume({ context: appContext }) private readonly app!: App;
  @state() private recipe?: RecipeFinding;
  @state() private error?: SerializedError;
  /** Models that are worth the question whether they are to be copied. */
  @state() private large: readonly Extract<Finding, { kind: "model" }>[] = [];
  /** Names of rows that are not wanted. */
  @state() private unwanted: readonly (keyof Recipe)[] = [];
  @query("dialog") private readonly dialog?: HTMLDialogElement;
  #pictureUrl?: string;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.#pictureUrl !== undefined) URL.revokeObjectURL(this.#pictureUrl);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("dropped")) void this.#receive();
  }

  override updated(): void {
    if (this.dialog && !this.dialog.open) this.dialog.showModal();
  }

  async #receive(): Promise<void> {
    const { models } = this.app.models.state.value;
    const loras = models.filter(({ type }) => type === "lora").map(({ id }) => id);
    // Only finds LoRAs that have another name here: without it the rest is read all the same.
    const hashes = await this.app.library.tensorHashes(loras).catch(() => new Map<string, string>());
    const findings = await findDropped(this.dropped, models, hashes);
    for (const finding of findings) {
      switch (finding.kind) {
        case "model":
          if (finding.handle && finding.file.size >= WORTH_ASKING_BYTES)
            this.large = [...this.large, finding];
          else void this.#import(this.app.models.importFile(finding.file));
          break;
        case "folder":
          void this.#import(this.app.models.importFolder(finding.entries));
          break;
        case "prompt":
          this.#takePrompt(finding.text);
          break;
        case "address":
          this.app.downloads.draft.set(finding.address);
          location.hash = "#/models";
          break;
        case "recipe":
          this.recipe ??= finding;
          break;
        case "nothing":
          this.error ??= finding.error;
          break;
        default:
          finding satisfies never;
      }
    }
    const picture = this.recipe?.picture;
    if (picture) this.#pictureUrl = URL.createObjectURL(picture);
    this.#closeIfDone();
  }

  #place({ choice }: KilnEvent<"copy-or-link">["detail"]): void {
    const chosen = this.large;
    this.large = [];
    if (choice === "link") {
      location.hash = "#/models";
      void this.app.links.link(chosen.flatMap(({ handle }) => handle ?? []));
    } else if (choice === "copy")
      for (const { file } of chosen) void this.#import(this.app.models.importFile(file));
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (!this.recipe && !this.error && this.large.length === 0) this.#close();
  }

  async #import(importing: Promise<ModelRecord | undefined>): Promise<void> {
    location.hash = "#/models";
    const record = await importing;
    if (record) this.app.toasts.show(msg(str`${record.name} is ready.`));
  }

  #takePrompt(prompt: string): void {
    const before = this.app.recipe.recipe.prompt;
    this.app.recipe.patch({ prompt });
    location.hash = "#/generate";
    this.app.toasts.show(msg("The text is your prompt now."), {
      action: { label: msg("Undo"), run: () => this.app.recipe.patch({ prompt: before }) },
    });
  }

  #close(): void {
    fireEvent(this, "drop-close", null);
  }

  #restore({ restorable }: RecipeFinding): void {
    const wanted = Object.entries(restorable.fields).filter(
      ([name]) => !this.unwanted.some((field) => rowOf(field) === rowOf(name as keyof Recipe)),
    );
    restoreFields(this.app, Object.fromEntries(wanted), restorable.noiseSource);
    location.hash = "#/generate";
    this.#close();
  }

  #toggle(field: keyof Recipe, wanted: boolean): void {
    const rest = this.unwanted.filter((name) => name !== field);
    this.unwanted = wanted ? rest : [...rest, field];
  }

  #renderRow(
    { name, fields }: (typeof ROWS)[number],
    found: Partial<Recipe>,
  ): TemplateResult | typeof nothing {
    const { models } = this.app.models.state.value;
    const values = fields
      .filter((field): field is Exclude<keyof Recipe, "loras"> => field !== "loras")
      .map((field) => models.find(({ id }) => id === found[field])?.name ?? found[field])
      .filter((value) => value !== undefined && value !== "");
    if (values.length === 0) return nothing;
    return html`<li>
      <label>
        <input
          type="checkbox"
          .checked=${!this.unwanted.includes(fields[0])}
          @change=${(event: Event) => this.#toggle(fields[0], (event.target as HTMLInputElement).checked)}
        />
        <span class="quiet">${name()}</span>
        <span class="value">${values.join(fields[0] === "width" ? " × " : ", ")}</span>
      </label>
    </li>`;
  }

  #renderRecipe(recipe: RecipeFinding): TemplateResult {
    const { fields, missingModel, missingVae, missingLoras } = recipe.restorable;
    return html`<div class="found">
        ${this.#pictureUrl ? html`<img class="picture" src=${this.#pictureUrl} alt=${fields.prompt ?? ""} />` : nothing}
        <ul>
          ${ROWS.map((row) => this.#renderRow(row, fields))}
        </ul>
        ${
          missingModel
            ? html`<p class="quiet missing">
                ${msg(str`Its model, ${missingModel}, is not on this device. The chosen model stays.`)}
              </p>`
            : nothing
        }
        ${
          missingVae
            ? html`<p class="quiet missing">
                ${msg(str`Its VAE, ${missingVae}, is not on this device. The model's own is taken.`)}
              </p>`
            : nothing
        }
        ${
          missingLoras.length > 0
            ? html`<p class="quiet missing">
                ${msg(
                  str`LoRAs that are not on this device: ${missingLoras.join(", ")}. Import them, or take their tags out of the prompt.`,
                )}
              </p>`
            : nothing
        }
      </div>
      <div class="foot">
        <button class="button" type="button" @click=${() => this.#close()}>${msg("Cancel")}</button>
        <button class="button primary" type="button" @click=${() => this.#restore(recipe)}>
          ${this.unwanted.length === 0 ? msg("Restore all") : msg("Restore selected")}
        </button>
      </div>`;
  }

  override render(): TemplateResult | typeof nothing {
    if (this.large.length > 0) {
      return html`<kiln-copy-or-link
        .files=${this.large.map(({ file }) => file)}
        @copy-or-link=${({ detail }: KilnEvent<"copy-or-link">) => this.#place(detail)}
      ></kiln-copy-or-link>`;
    }
    if (!this.recipe && !this.error) return nothing;
    const title = this.recipe ? msg("Parameters found") : msg("Nothing to restore");
    return html`<dialog aria-label=${title} @close=${() => this.#close()}>
      <div class="head">
        <h2>${title}</h2>
        <button
          class="button plain square"
          type="button"
          aria-label=${msg("Close")}
          @click=${() => this.#close()}
        >
          ${icon("x")}
        </button>
      </div>
      ${
        this.recipe
          ? this.#renderRecipe(this.recipe)
          : html`<kiln-error-note
              .error=${this.error}
              @error-dismiss=${() => this.#close()}
            ></kiln-error-note>`
      }
    </dialog>`;
  }
}

function rowOf(field: keyof Recipe): number {
  return ROWS.findIndex(({ fields }) => fields.includes(field));
}
