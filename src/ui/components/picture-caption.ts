// One line below the stage: what the picture was made with, and what can be done with it.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { PictureRecord } from "../../gallery/picture-record.ts";
import type { GenerationSummary } from "../../protocol/generation-request.ts";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { formatSeconds } from "../progress-text.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "picture-favourite": null;
    "picture-restore": null;
    "picture-download": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-picture-caption": PictureCaption;
  }
}

/**
 * @event picture-favourite - star or unstar it
 * @event picture-restore - put its parameters into the form
 * @event picture-download
 */
@localized()
@customElement("kiln-picture-caption")
export class PictureCaption extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 2px;
        padding: 6px 12px;
        background: var(--kiln-stage);
      }
      .text {
        flex: 1;
        min-width: 0;
        font-size: 13px;
      }
      .prompt,
      .facts {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
    `,
  ];

  @property({ attribute: false }) picture!: PictureRecord;
  /** Of the job that made it, when that was the last one. */
  @property({ attribute: false }) summary?: GenerationSummary;

  #renderFacts(): string {
    const { width, height, seed, jobId, request } = this.picture;
    const facts = [`${width} × ${height}`, msg(str`seed ${seed}`)];
    if (request) facts.push(`${request.sampler}, ${msg(str`${request.steps} steps`)}`);
    if (this.summary?.jobId === jobId) {
      const { load, text, steps, decode } = this.summary.phaseSeconds;
      facts.push(formatSeconds(load + text + steps + decode));
    }
    return facts.join(" · ");
  }

  override render(): TemplateResult {
    const { prompt, favourite } = this.picture;
    const star = favourite ? msg("Remove from favourites") : msg("Add to favourites");
    return html`
      <div class="text">
        <div class="prompt" title=${prompt}>${prompt || nothing}</div>
        <div class="facts quiet">${this.#renderFacts()}</div>
      </div>
      <button
        class="button plain square"
        type="button"
        aria-label=${star}
        title=${star}
        @click=${() => fireEvent(this, "picture-favourite", null)}
      >
        ${icon(favourite ? "heart-filled" : "heart")}
      </button>
      <button
        class="button plain square"
        type="button"
        aria-label=${msg("Reuse all parameters")}
        title=${msg("Reuse all parameters")}
        @click=${() => fireEvent(this, "picture-restore", null)}
      >
        ${icon("restore")}
      </button>
      <button
        class="button plain square"
        type="button"
        aria-label=${msg("Download")}
        title=${msg("Download")}
        @click=${() => fireEvent(this, "picture-download", null)}
      >
        ${icon("download")}
      </button>
    `;
  }
}
