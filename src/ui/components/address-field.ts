// The one field that takes any address of a model. Says at once what it reads, asks the host when told to, and shows what
// is behind the address before anything starts. Starts nothing itself.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type {
  AddressContents,
  DownloadRequest,
  SourceFile,
  SourceFolder,
} from "../../protocol/downloads-api.ts";
import { fireEvent } from "../fire-event.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon } from "../icons.ts";
import { recogniseAddress, sourceName } from "../model-address.ts";
import { typeName } from "../model-names.ts";
import { isOwned } from "../owned-hashes.ts";
import { safeHref } from "../safe-href.ts";
import { controlStyles } from "../styles/controls.ts";
import "./error-note.ts";

declare global {
  interface KilnEvents {
    "address-change": { readonly value: string };
    "download-start": { readonly requests: readonly DownloadRequest[] };
  }
  interface HTMLElementTagNameMap {
    "kiln-address-field": AddressField;
  }
}

/** Tells a choice from the others of an address: the forms of one folder share theirs. */
const keyOf = (choice: SourceFile | SourceFolder): string =>
  "variant" in choice ? `${choice.address} ${choice.variant}` : choice.address;

const bytesOf = (choice: SourceFile | SourceFolder): number | undefined =>
  "variant" in choice ? choice.files.reduce((sum, { bytes }) => sum + bytes, 0) : choice.bytes;

function requestOf(choice: SourceFile | SourceFolder, title: string): DownloadRequest {
  if ("variant" in choice) return { address: choice.address, files: choice.files, fileName: choice.name };
  const { address, bytes, sha256, fileName, type } = choice;
  return { address, bytes, sha256, fileName, type, title };
}

/**
 * @event address-change - the text of the field
 * @event download-start - the user has seen the files and wants these
 */
@localized()
@customElement("kiln-address-field")
export class AddressField extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: grid;
        gap: 10px;
      }
      form {
        display: flex;
        gap: 8px;
      }
      .field {
        flex: 1;
        min-width: 0;
      }
      .read {
        font-size: 13.5px;
        overflow-wrap: anywhere;
      }
      .contents {
        display: grid;
        gap: 10px;
        padding: 14px;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius-large);
        background: var(--kiln-raised);
      }
      .title {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 10px;
        align-items: baseline;
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      ul {
        display: grid;
        gap: 2px;
        max-height: 300px;
        margin: 0;
        padding: 0;
        overflow-y: auto;
        list-style: none;
      }
      li label {
        display: grid;
        grid-template-columns: 20px minmax(0, 1fr) auto;
        gap: 10px;
        align-items: center;
        min-height: var(--kiln-target);
        cursor: pointer;
      }
      li span {
        overflow-wrap: anywhere;
      }
      input[type="checkbox"] {
        width: 18px;
        height: 18px;
        accent-color: var(--kiln-accent);
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        justify-content: flex-end;
      }
      p {
        margin: 0;
      }
    `,
  ];

  @property() value = "";
  /** SHA-256 of files that are in the library already, by themselves or as parts of a model. */
  @property({ attribute: false }) owned: ReadonlySet<string> = new Set();
  @property({ attribute: false }) inspect: (address: string) => Promise<AddressContents> = () =>
    Promise.reject(new Error("kiln-address-field was given no way to inspect addresses"));

  @state() private contents?: AddressContents;
  @state() private wanted: readonly string[] = [];
  @state() private asking = false;
  @state() private error?: SerializedError;
  @query(".field") private readonly field!: HTMLInputElement;

  override focus(): void {
    this.field.focus();
  }

  async #ask(): Promise<void> {
    const address = this.value.trim();
    if (address === "" || this.asking) return;
    this.asking = true;
    this.error = undefined;
    this.contents = undefined;
    try {
      const contents = await this.inspect(address);
      if (address !== this.value.trim()) return; // edited while the host was asked
      this.contents = contents;
      const choices = this.#choices(contents);
      const first = choices.find(({ primary }) => primary) ?? choices.at(0);
      this.wanted = first ? [keyOf(first)] : [];
    } catch (error) {
      this.error = serializeError(error);
    } finally {
      this.asking = false;
    }
  }

  #edit(value: string): void {
    this.contents = undefined;
    this.error = undefined;
    fireEvent(this, "address-change", { value });
  }

  /** Folders first: where there is one, it is the model. */
  #choices({ folders = [], files }: AddressContents): readonly (SourceFile | SourceFolder)[] {
    return [...folders, ...files];
  }

  #start(contents: AddressContents): void {
    const choices = this.#choices(contents);
    // A host that only serves its own page has no files to list: the queue then leads through its page.
    const requests: readonly DownloadRequest[] =
      choices.length === 0
        ? [{ address: this.value.trim(), title: contents.title }]
        : choices
            .filter((choice) => this.wanted.includes(keyOf(choice)))
            .map((choice) => requestOf(choice, contents.title));
    fireEvent(this, "download-start", { requests });
    this.contents = undefined;
  }

  #toggle(key: string, wanted: boolean): void {
    const rest = this.wanted.filter((other) => other !== key);
    this.wanted = wanted ? [...rest, key] : rest;
  }

  #renderRead(): TemplateResult | typeof nothing {
    const text = this.value.trim();
    if (text === "" || this.contents) return nothing;
    const recognised = recogniseAddress(text);
    return html`<div class="read quiet" role="status">
      ${
        recognised
          ? html`<b>${sourceName(recognised.source)}</b>: ${recognised.what}`
          : msg("This names no model yet: paste the address of its page or file.")
      }
    </div>`;
  }

  #renderChoice(choice: SourceFile | SourceFolder): TemplateResult {
    const isFolder = "variant" in choice;
    const key = keyOf(choice);
    const bytes = bytesOf(choice);
    const facts = [
      isFolder
        ? msg(str`model of ${choice.files.length} files`)
        : choice.type === undefined
          ? undefined
          : typeName(choice.type),
      bytes === undefined ? msg("size unknown") : formatBytes(bytes),
    ];
    return html`<li>
      <label>
        <input
          type="checkbox"
          .checked=${this.wanted.includes(key)}
          @change=${(event: Event) => this.#toggle(key, (event.target as HTMLInputElement).checked)}
        />
        <span>
          ${isFolder ? this.#folderName(choice) : choice.fileName}
          ${
            isOwned(isFolder ? choice.files : [choice], this.owned)
              ? html`<b>${msg("(already in your library)")}</b>`
              : nothing
          }
        </span>
        <span class="quiet">${facts.filter(Boolean).join(" · ")}</span>
      </label>
    </li>`;
  }

  #folderName({ name, variant }: SourceFolder): string {
    return variant === "" ? msg(str`${name}, weights as published`) : msg(str`${name}, ${variant} weights`);
  }

  #renderContents(contents: AddressContents): TemplateResult {
    const choices = this.#choices(contents);
    const bytes = choices
      .filter((choice) => this.wanted.includes(keyOf(choice)))
      .reduce((sum, choice) => sum + (bytesOf(choice) ?? 0), 0);
    const page = safeHref(contents.pageUrl);
    return html`<section class="contents" aria-label=${msg("What was found")}>
      <div class="title">
        <span>${contents.title}</span><span class="quiet">${sourceName(contents.source)}</span>
        ${
          contents.license === undefined
            ? nothing
            : html`<span class="quiet">${msg(str`Licence: ${contents.license}`)}</span>`
        }
      </div>
      ${
        choices.length === 0
          ? html`<p>
              ${msg("This host hands the file out through its own page only. Kiln will lead you there.")}
            </p>`
          : html`<ul aria-label=${msg("Files")}>
              ${choices.map((choice) => this.#renderChoice(choice))}
            </ul>`
      }
      <div class="foot">
        ${
          page
            ? html`<a class="button plain" href=${page} target="_blank" rel="noreferrer noopener"
                >${icon("external")}${msg("Open its page")}</a
              >`
            : nothing
        }
        <button
          class="button primary"
          type="button"
          ?disabled=${choices.length > 0 && this.wanted.length === 0}
          @click=${() => this.#start(contents)}
        >
          ${icon("download")}${bytes > 0 ? msg(str`Download ${formatBytes(bytes)}`) : msg("Download")}
        </button>
      </div>
    </section>`;
  }

  override render(): TemplateResult {
    return html`
      <form
        @submit=${(event: Event) => {
          event.preventDefault();
          void this.#ask();
        }}
      >
        <input
          class="field"
          type="text"
          inputmode="url"
          autocomplete="off"
          spellcheck="false"
          aria-label=${msg("Model address")}
          placeholder=${msg("Paste an address: Civitai, Hugging Face, GitHub, IPFS, any file")}
          .value=${this.value}
          @input=${(event: Event) => this.#edit((event.target as HTMLInputElement).value)}
        />
        <button
          class="button ${this.value.trim() === "" ? "" : "primary"}"
          type="submit"
          ?disabled=${this.value.trim() === "" || this.asking}
        >
          ${this.asking ? msg("Asking…") : msg("Find")}
        </button>
      </form>
      ${this.#renderRead()}
      ${
        this.error
          ? html`<kiln-error-note
              .error=${this.error}
              advice=""
              action=${this.error?.name === "AccessDenied" ? msg("Add a token") : ""}
              @error-action=${() => (location.hash = "#/settings")}
              @error-dismiss=${() => (this.error = undefined)}
            ></kiln-error-note>`
          : nothing
      }
      ${this.contents ? this.#renderContents(this.contents) : nothing}
    `;
  }
}
