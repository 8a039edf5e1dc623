// The details of one model, connected: what the sheet asks for is done by the app's controllers.

import { consume } from "@lit/context";
import { localized } from "@lit/localize";
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ModelHashes } from "../../protocol/model-hashes.ts";
import { type App, appContext } from "../app.ts";
import "../components/model-details.ts";
import "../components/picture-picker.ts";
import { isAbove } from "../content-level.ts";
import { Watch } from "../controllers/observable.ts";
import type { KilnEvent } from "../fire-event.ts";
import { memoryOn } from "../memory-need.ts";
import type { LibraryEntry } from "../model-filter.ts";
import { addToPrompt, copyWords, useOf } from "../model-use.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-model-sheet": ModelSheet;
  }
}

/** @event details-close */
@localized()
@customElement("kiln-model-sheet")
export class ModelSheet extends LitElement {
  @property({ attribute: false }) entry!: LibraryEntry;

  @consume({ context: appContext }) private readonly app!: App;
  @state() private hashes?: ModelHashes;
  @state() private picking = false;

  readonly #metadata = new Watch(this, () => this.app.metadata.state);
  readonly #library = new Watch(this, () => this.app.library.state);
  readonly #links = new Watch(this, () => this.app.links.state);
  readonly #generation = new Watch(this, () => this.app.generation.state);
  readonly #recipe = new Watch(this, () => this.app.recipe.state);
  readonly #recent = new Watch(this, () => this.app.recent.pictures);

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get("entry");
    if (changed.has("entry") && before?.record.id !== this.#id) void this.#readHashes();
  }

  get #id(): string {
    return this.entry.record.id;
  }

  async #readHashes(): Promise<void> {
    const id = this.#id;
    this.hashes = undefined;
    const hashes = await this.app.hashes.get(id);
    if (id === this.#id) this.hashes = hashes;
  }

  async #computeHashes(): Promise<void> {
    await this.app.library.hash([this.#id]);
    await this.#readHashes();
  }

  async #usePicture(id: number): Promise<void> {
    this.picking = false;
    await this.app.metadata.setPreview(this.#id, await this.app.gallery.openFile(id));
  }

  #showVersions(): void {
    const { civitai_model_id: modelId, newer_version_id: newer } = this.entry.metadata ?? {};
    if (!modelId) return;
    const version = newer ?? this.entry.metadata?.civitai_version_id;
    const query = version ? `?modelVersionId=${version}` : "";
    this.app.civitai.wanted.set(`https://civitai.com/models/${modelId}${query}`);
    location.hash = "#/models/civitai";
  }

  override render(): TemplateResult {
    const { record, metadata } = this.entry;
    const use = useOf(record);
    // Read, so that a change of the recipe redraws whether the model is in use.
    void this.#recipe.value;
    return html`
      <kiln-model-details
        .entry=${this.entry}
        .link=${this.#links.value.files.get(record.id)?.state}
        ?checking=${this.#links.value.checking !== undefined}
        .memoryBytes=${memoryOn(this.#generation.value.device, record.needs)}
        .use=${use?.label() ?? ""}
        ?used=${use?.used(this.app, record) ?? false}
        ?blurred=${isAbove(metadata?.preview_nsfw_level ?? 0, this.app.settings.get("contentLevel"))}
        ?fetching=${this.#metadata.value.lookingUp.includes(record.id)}
        ?hashing=${this.#library.value.hashing !== undefined}
        .hashes=${this.hashes}
        .error=${this.#metadata.value.error}
        .openPreview=${(id: string) => this.app.metadata.preview(id)}
        .saveHash=${(...[kind, value]: [Parameters<typeof this.app.metadata.editHash>[1], string]) =>
          this.app.metadata.editHash(record.id, kind, value)}
        @error-dismiss=${() => this.app.metadata.dismissError()}
        @model-use=${() => use?.run(this.app, this.entry)}
        @model-favourite=${() =>
          void this.app.metadata.update(record.id, { favourite: !(metadata?.favourite ?? false) })}
        @hash-fetch=${({ detail }: KilnEvent<"hash-fetch">) =>
          void this.app.metadata.fetchOne(record.id, detail.address)}
        @metadata-change=${({ detail }: KilnEvent<"metadata-change">) =>
          void this.app.metadata.update(record.id, detail)}
        @preview-change=${({ detail }: KilnEvent<"preview-change">) =>
          void this.app.metadata.setPreview(record.id, detail.picture)}
        @preview-gallery=${() => (this.picking = true)}
        @details-hash=${() => void this.#computeHashes()}
        @details-versions=${() => this.#showVersions()}
        @link-allow=${() => void this.app.links.allow([record.id])}
        @link-check=${() => void this.app.links.check(record.id)}
        @link-renew=${() => void this.app.links.renew(record.id)}
        @trigger-word=${({ detail }: KilnEvent<"trigger-word">) => addToPrompt(this.app, detail.word)}
        @words-copy=${({ detail }: KilnEvent<"words-copy">) => void copyWords(this.app, detail.words)}
      ></kiln-model-details>
      ${
        this.picking
          ? html`<kiln-picture-picker
              .pictures=${this.#recent.value}
              .open=${(id: number) => this.app.gallery.openThumbnail(id)}
              @picture-pick=${({ detail }: KilnEvent<"picture-pick">) => void this.#usePicture(detail.id)}
              @picker-close=${() => (this.picking = false)}
            ></kiln-picture-picker>`
          : nothing
      }
    `;
  }
}
