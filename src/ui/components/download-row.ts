// One download: how far it is, what went wrong, and the buttons that make sense now. Moves no bytes.

import "@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js";
import { localized, msg, str } from "@lit/localize";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import {
  type Download,
  type DownloadAction,
  type DownloadProgress,
  type DownloadState,
  mayDo,
} from "../../protocol/downloads-api.ts";
import { fireEvent } from "../fire-event.ts";
import { icon, type IconName } from "../icons.ts";
import { sourceName } from "../model-address.ts";
import { safeHref } from "../safe-href.ts";
import { controlStyles } from "../styles/controls.ts";
import { describeTransfer, percentOf } from "../transfer-text.ts";
import { downloadRowStyles } from "./download-row.styles.ts";

declare global {
  interface KilnEvents {
    "download-action": {
      readonly id: string;
      readonly action: Exclude<DownloadAction, "move" | "provide-file">;
    };
    "download-step": { readonly id: string; readonly step: 1 | -1 };
    "download-file": { readonly id: string; readonly file: File };
    "download-show": { readonly modelId: string };
  }
  interface HTMLElementTagNameMap {
    "kiln-download-row": DownloadRow;
  }
}

const STATE_NAMES: Readonly<Record<DownloadState, () => string>> = {
  queued: () => msg("Waiting its turn"),
  checking: () => msg("Checking what is on disk"),
  running: () => msg("Downloading"),
  waiting: () => msg("Trying again soon"),
  paused: () => msg("Paused"),
  storing: () => msg("Verified, being added"),
  "needs-file": () => msg("Needs your help"),
  quarantined: () => msg("Not the promised file"),
  failed: () => msg("Failed"),
  done: () => msg("In your library"),
};

interface ButtonRow {
  readonly action: Exclude<DownloadAction, "move" | "provide-file">;
  readonly icon: IconName;
  readonly name: (title: string) => string;
}

const BUTTONS: readonly ButtonRow[] = [
  { action: "pause", icon: "pause", name: (title) => msg(str`Pause ${title}`) },
  { action: "resume", icon: "play", name: (title) => msg(str`Resume ${title}`) },
  { action: "retry", icon: "restore", name: (title) => msg(str`Try ${title} again`) },
  { action: "cancel", icon: "x", name: (title) => msg(str`Remove ${title} from the list`) },
];

/**
 * @event download-action - pause, resume, retry or cancel
 * @event download-step - one place up or down
 * @event download-file - the user's own copy
 * @event download-show - the finished model
 */
@localized()
@customElement("kiln-download-row")
export class DownloadRow extends LitElement {
  static override styles = [controlStyles, downloadRowStyles];

  @property({ attribute: false }) download!: Download;
  @property({ attribute: false }) progress?: DownloadProgress;
  @property({ type: Boolean }) first = false;
  @property({ type: Boolean }) last = false;

  @query("input[type=file]") private readonly picker?: HTMLInputElement;

  #picked(): void {
    const file = this.picker?.files?.[0];
    if (file) fireEvent(this, "download-file", { id: this.download.id, file });
  }

  #renderStep(step: 1 | -1, disabled: boolean): TemplateResult {
    const { id, title } = this.download;
    const name = step < 0 ? msg(str`Move ${title} up`) : msg(str`Move ${title} down`);
    return html`<button
      class="button plain square"
      type="button"
      aria-label=${name}
      title=${name}
      ?disabled=${disabled}
      @click=${() => fireEvent(this, "download-step", { id, step })}
    >
      ${icon(step < 0 ? "arrow-up" : "arrow-down")}
    </button>`;
  }

  #renderButtons(): TemplateResult {
    const { id, title, state, modelId } = this.download;
    return html`<div class="buttons">
      ${
        modelId === undefined
          ? nothing
          : html`<button
              class="button"
              type="button"
              @click=${() => fireEvent(this, "download-show", { modelId })}
            >
              ${msg("Show")}
            </button>`
      }
      ${
        mayDo(state, "move") && !(this.first && this.last)
          ? html`${this.#renderStep(-1, this.first)}${this.#renderStep(1, this.last)}`
          : nothing
      }
      ${BUTTONS.filter(({ action }) => mayDo(state, action)).map(
        ({ action, icon: picture, name }) =>
          html`<button
            class="button plain square"
            type="button"
            aria-label=${name(title)}
            title=${name(title)}
            @click=${() => fireEvent(this, "download-action", { id, action })}
          >
            ${icon(picture)}
          </button>`,
      )}
    </div>`;
  }

  /** The one step that helps, next to the sentence that says why. */
  #renderRemedy(): TemplateResult {
    const { error, fileCount, pageUrl, state } = this.download;
    const page = safeHref(pageUrl);
    const needsToken = error?.name === "AccessDenied";
    return html`<div class="remedy">
      ${
        page !== undefined && (state === "needs-file" || needsToken)
          ? html`<a class="button" href=${page} target="_blank" rel="noreferrer noopener">
              ${icon("external")}${msg("Open the page")}
            </a>`
          : nothing
      }
      ${
        mayDo(state, "provide-file") && fileCount === undefined
          ? html`<button class="button" type="button" @click=${() => this.picker?.click()}>
                ${icon("folder")}${msg("Pick the file")}
              </button>
              <input
                type="file"
                hidden
                aria-label=${msg("Downloaded file")}
                @change=${() => this.#picked()}
              />`
          : nothing
      }
      ${needsToken ? html`<a class="button" href="#/settings">${msg("Add a token")}</a>` : nothing}
    </div>`;
  }

  #renderBar(): TemplateResult | typeof nothing {
    const { download, progress } = this;
    if (download.state === "done" || download.state === "needs-file") return nothing;
    const percent = percentOf(download, progress);
    // Without a size there is nothing to fill: the bar only says that something moves.
    return html`<wa-progress-bar
      value=${Math.floor(percent ?? 0)}
      ?indeterminate=${percent === undefined && download.state === "running"}
      label=${msg(str`Progress of ${download.title}`)}
    ></wa-progress-bar>`;
  }

  override render(): TemplateResult {
    const { download } = this;
    const facts = [
      STATE_NAMES[download.state](),
      ...describeTransfer(download, this.progress),
      sourceName(download.source),
    ];
    return html`
      <div class="head">
        <div class="text">
          <div class="title">${download.title}</div>
          <div class="facts quiet">${facts.join(" · ")}</div>
        </div>
        ${this.#renderButtons()}
      </div>
      ${this.#renderBar()}
      ${
        download.error
          ? html`<p class="error" role="alert">${icon("warning")}<span>${download.error.message}</span></p>
              ${this.#renderRemedy()}`
          : nothing
      }
    `;
  }
}
