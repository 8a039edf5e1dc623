// One model of the catalogue: its versions, their files with precision, size and scan results, the licence and the
// description. Emits which file is wanted; downloads nothing.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { CivitaiFile, CivitaiImage, CivitaiModel, CivitaiVersion } from "../../protocol/civitai-api.ts";
import { civitaiPageUrl } from "../../protocol/civitai-address.ts";
import { civitaiPicture } from "../civitai-picture.ts";
import { type ContentLevel, isAbove } from "../content-level.ts";
import { fireEvent, type KilnEvent } from "../fire-event.ts";
import { formatBytes } from "../format-bytes.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";
import { sheetStyles } from "./dialog.styles.ts";
import { closeButton } from "./sheet-head.ts";
import "./select-field.ts";
import "./untrusted-html.ts";

declare global {
  interface KilnEvents {
    "civitai-download": {
      readonly model: CivitaiModel;
      readonly version: CivitaiVersion;
      readonly file: CivitaiFile;
    };
    "civitai-close": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-civitai-details": CivitaiDetails;
  }
}

const PICTURE_WIDTH = 450;
const SHOWN_PICTURES = 8;
/** What a scan says of a file without a finding. */
const CLEAN = "Success";

/**
 * @event civitai-download - this file is wanted
 * @event civitai-close
 */
@localized()
@customElement("kiln-civitai-details")
export class CivitaiDetails extends LitElement {
  static override styles = [
    controlStyles,
    sheetStyles,
    css`
      .pictures {
        display: flex;
        gap: 8px;
        margin: 0 -20px;
        padding: 0 20px;
        overflow-x: auto;
        scroll-snap-type: x proximity;
      }
      .pictures > button,
      .pictures > span {
        flex: none;
        height: 260px;
        min-width: 140px;
        padding: 0;
        border: 0;
        border-radius: var(--kiln-radius);
        background: var(--kiln-hover);
        overflow: hidden;
        scroll-snap-align: start;
      }
      .pictures img {
        display: block;
        height: 100%;
        max-width: 420px;
        object-fit: cover;
      }
      .blurred img {
        filter: blur(28px);
        transform: scale(1.15);
      }
      .file {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 4px 12px;
        align-items: center;
        padding: 10px 0;
        border-top: 1px solid var(--kiln-line);
      }
      .file div {
        overflow-wrap: anywhere;
      }
      .facts {
        font-size: 13.5px;
      }
      .danger {
        color: var(--kiln-danger-text);
        font-weight: 600;
      }
      .flags {
        display: grid;
        gap: 4px;
        margin: 0;
        padding: 0;
        font-size: 14px;
        list-style: none;
      }
      .flags li {
        display: flex;
        gap: 8px;
        align-items: center;
      }
      .flags .yes .icon {
        color: var(--kiln-good-text);
      }
      .flags .no .icon {
        color: var(--kiln-danger-text);
      }
      .files {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      p {
        margin: 0;
      }
    `,
  ];

  @property({ attribute: false }) model!: CivitaiModel;
  @property() allowed: ContentLevel = "PG";
  @property() host = "civitai.com";
  /** SHA-256 of every file in the library. */
  @property({ attribute: false }) owned: ReadonlySet<string> = new Set();
  /** Ids of versions in the library. */
  @property({ attribute: false }) ownedVersions: ReadonlySet<number> = new Set();
  /** Addresses that are in the queue of downloads. */
  @property({ attribute: false }) queued: ReadonlySet<string> = new Set();

  @state() private versionId?: number;
  @state() private revealed: ReadonlySet<string> = new Set();
  @query("dialog") private readonly dialog!: HTMLDialogElement;

  override firstUpdated(): void {
    this.dialog.showModal();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("model") && changed.get("model")?.id !== this.model.id) this.versionId = undefined;
  }

  get #version(): CivitaiVersion | undefined {
    return this.model.versions.find(({ id }) => id === this.versionId) ?? this.model.versions.at(0);
  }

  #renderPicture(image: CivitaiImage): TemplateResult {
    const blurred = isAbove(image.nsfwLevel, this.allowed) && !this.revealed.has(image.url);
    const picture = html`<img
      src=${civitaiPicture(image, PICTURE_WIDTH)}
      alt=""
      loading="lazy"
      decoding="async"
      referrerpolicy="no-referrer"
    />`;
    if (!blurred) return html`<span>${picture}</span>`;
    return html`<button
      class="blurred"
      type="button"
      aria-label=${msg("Show this picture")}
      title=${msg("Show this picture")}
      @click=${() => (this.revealed = new Set([...this.revealed, image.url]))}
    >
      ${picture}
    </button>`;
  }

  #renderScan({ pickleScan, virusScan }: CivitaiFile): TemplateResult {
    const results = [pickleScan, virusScan].filter((result) => result !== undefined);
    if (results.length === 0) return html`<span>${msg("not scanned")}</span>`;
    if (results.every((result) => result === CLEAN)) return html`<span>${msg("scans clean")}</span>`;
    return html`<span class="danger">${msg(str`scans: ${results.join(", ")}`)}</span>`;
  }

  #renderFile(version: CivitaiVersion, file: CivitaiFile): TemplateResult {
    const sha256 = file.hashes.SHA256;
    const owned = sha256 === undefined ? false : this.owned.has(sha256.toLowerCase());
    const queued = this.queued.has(file.downloadUrl);
    const facts = [
      file.type,
      file.format,
      file.precision,
      file.size,
      file.bytes === undefined ? undefined : formatBytes(file.bytes),
    ];
    return html`<li class="file">
      <div>
        <div>${file.name}</div>
        <div class="facts quiet">
          ${facts.filter(Boolean).join(" · ")} · ${this.#renderScan(file)}
          ${sha256 ? html`· <span class="mono">${sha256.slice(0, 10).toUpperCase()}</span>` : nothing}
        </div>
      </div>
      ${
        owned
          ? html`<span class="quiet">${msg("Already in your library")}</span>`
          : html`<button
              class="button ${file.primary ? "primary" : ""}"
              type="button"
              aria-label=${msg(str`Download ${file.name}`)}
              ?disabled=${queued}
              @click=${() => fireEvent(this, "civitai-download", { model: this.model, version, file })}
            >
              ${icon("download")}${queued ? msg("In the queue") : msg("Download")}
            </button>`
      }
    </li>`;
  }

  #renderFlag(allowed: boolean | undefined, yes: string, no: string): TemplateResult | typeof nothing {
    if (allowed === undefined) return nothing;
    return html`<li class=${allowed ? "yes" : "no"}>
      ${icon(allowed ? "check" : "x")}${allowed ? yes : no}
    </li>`;
  }

  #renderLicence(): TemplateResult {
    const { noCredit, commercialUse, derivatives, differentLicence } = this.model.licence;
    const uses = commercialUse?.filter((use) => use !== "None") ?? [];
    return html`<section>
      <h3>${msg("What its creator allows")}</h3>
      <ul class="flags">
        ${this.#renderFlag(noCredit, msg("Use without credit"), msg("Only with credit to the creator"))}
        ${
          commercialUse
            ? this.#renderFlag(
                uses.length > 0,
                msg(str`Commercial use: ${uses.join(", ")}`),
                msg("No commercial use"),
              )
            : nothing
        }
        ${this.#renderFlag(derivatives, msg("Merges of it may be shared"), msg("Merges must not be shared"))}
        ${this.#renderFlag(
          differentLicence,
          msg("Merges may have another licence"),
          msg("Merges must keep these permissions"),
        )}
      </ul>
    </section>`;
  }

  #renderVersion(version: CivitaiVersion): TemplateResult {
    const { versions } = this.model;
    return html`
      ${
        versions.length > 1
          ? html`<kiln-select-field
              label=${msg("Version")}
              .value=${String(version.id)}
              .options=${versions.map(({ id, name, baseModel }) => ({
                value: String(id),
                label: this.ownedVersions.has(id)
                  ? msg(str`${name} (${baseModel}), in your library`)
                  : `${name} (${baseModel})`,
              }))}
              @select-change=${({ detail }: KilnEvent<"select-change">) => (this.versionId = Number(detail.value))}
            ></kiln-select-field>`
          : html`<p><b>${version.name}</b> <span class="quiet">${version.baseModel}</span></p>`
      }
      <div class="pictures">
        ${version.images.slice(0, SHOWN_PICTURES).map((image) => this.#renderPicture(image))}
      </div>
      ${version.restricted ? html`<p>${icon("warning")}${msg("Its creator asks for payment or patience before the download.")}</p>` : nothing}
      <section>
        <h3>${msg("Files")}</h3>
        ${
          version.files.length === 0
            ? html`<p class="quiet">${msg("There are no files any more.")}</p>`
            : html`<ul class="files">
                ${version.files.map((file) => this.#renderFile(version, file))}
              </ul>`
        }
      </section>
      ${
        version.triggerWords.length > 0
          ? html`<section>
              <h3>${msg("Trigger words")}</h3>
              <p>${version.triggerWords.join(", ")}</p>
            </section>`
          : nothing
      }
      ${this.#renderLicence()}
      ${
        version.description
          ? html`<section>
              <h3>${msg("About this version")}</h3>
              <kiln-untrusted-html .html=${version.description}></kiln-untrusted-html>
            </section>`
          : nothing
      }
    `;
  }

  override render(): TemplateResult {
    const { model } = this;
    const version = this.#version;
    return html`<dialog aria-label=${model.name} @close=${() => fireEvent(this, "civitai-close", null)}>
      <div class="sheet-head">
        <h2>${model.name}</h2>
        <a
          class="button plain square"
          href=${civitaiPageUrl(this.host, model.id, version?.id)}
          target="_blank"
          rel="noreferrer noopener"
          aria-label=${msg("Open its page at Civitai")}
          title=${msg("Open its page at Civitai")}
          >${icon("external")}</a
        >
        ${closeButton(() => this.dialog.close())}
      </div>
      <div class="sheet-body">
        <p class="quiet">
          ${[model.type, model.creator, model.mode, ...model.tags.slice(0, 6)].filter(Boolean).join(" · ")}
        </p>
        ${version ? this.#renderVersion(version) : html`<p>${msg("It has no published version.")}</p>`}
        ${
          model.description
            ? html`<section>
                <h3>${msg("Description")}</h3>
                <kiln-untrusted-html .html=${model.description}></kiln-untrusted-html>
              </section>`
            : nothing
        }
      </div>
    </dialog>`;
  }
}
