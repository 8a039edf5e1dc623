// The persistent queue: what waits and what failed, to reorder, remove or retry. Runs nothing.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { QueuedJob } from "../../gallery/queue-store.ts";
import { fireEvent } from "../fire-event.ts";
import { icon, type IconName } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "job-remove": { readonly id: string };
    "job-retry": { readonly id: string };
    /** Before another job, or to the end. */
    "job-move": { readonly id: string; readonly beforeId?: string };
    "queue-resume": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-queue-strip": QueueStrip;
  }
}

/**
 * @event job-remove
 * @event job-retry
 * @event job-move
 * @event queue-resume
 */
@localized()
@customElement("kiln-queue-strip")
export class QueueStrip extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      ol {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 8px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        padding: 8px 8px 4px 10px;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius);
        background: var(--kiln-raised);
      }
      li.failed {
        border-color: var(--kiln-danger-text);
      }
      .prompt {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        font-size: 13.5px;
        overflow-wrap: anywhere;
      }
      .facts,
      .reason {
        font-size: 12.5px;
      }
      .reason {
        color: var(--kiln-danger-text);
      }
      .row {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: 2px;
      }
      .paused {
        display: grid;
        gap: 6px;
        margin-bottom: 10px;
        font-size: 13.5px;
      }
    `,
  ];

  @property({ attribute: false }) jobs: readonly QueuedJob[] = [];
  @property({ type: Boolean }) paused = false;

  #renderAction(name: IconName, label: string, act: () => void): TemplateResult {
    return html`<button
      class="button plain square"
      type="button"
      aria-label=${label}
      title=${label}
      @click=${act}
    >
      ${icon(name)}
    </button>`;
  }

  #renderJob(job: QueuedJob, index: number, shown: readonly QueuedJob[]): TemplateResult {
    const { id, request, status, error } = job;
    const pictures = request.batchCount * request.batchSize;
    const facts = `${request.width} × ${request.height} · ${msg(str`${request.steps} steps`)}`;
    return html`<li class=${status}>
      <div class="prompt">${request.prompt || msg("No prompt")}</div>
      ${error ? html`<div class="reason">${error.message}</div>` : nothing}
      <div class="facts quiet">${facts}${pictures > 1 ? html` · ${pictures}×` : nothing}</div>
      <div class="row">
        ${
          status === "failed"
            ? this.#renderAction("restore", msg("Retry"), () => fireEvent(this, "job-retry", { id }))
            : nothing
        }
        ${
          index > 0
            ? this.#renderAction("arrow-up", msg("Move up"), () =>
                fireEvent(this, "job-move", { id, beforeId: shown[index - 1].id }),
              )
            : nothing
        }
        ${
          index < shown.length - 1
            ? this.#renderAction("arrow-down", msg("Move down"), () =>
                fireEvent(this, "job-move", { id, beforeId: shown.at(index + 2)?.id }),
              )
            : nothing
        }
        ${this.#renderAction("x", msg("Remove from the queue"), () => fireEvent(this, "job-remove", { id }))}
      </div>
    </li>`;
  }

  override render(): TemplateResult | typeof nothing {
    const shown = this.jobs.filter(({ status }) => status !== "running");
    const waiting = shown.filter(({ status }) => status === "pending").length;
    if (shown.length === 0) return nothing;
    return html`
      ${
        this.paused && waiting > 0
          ? html`<div class="paused">
              <span class="quiet">${msg("The queue is paused.")}</span>
              <button class="button" type="button" @click=${() => fireEvent(this, "queue-resume", null)}>
                ${icon("play")} ${msg("Resume queue")}
              </button>
            </div>`
          : nothing
      }
      <ol aria-label=${msg("Queue")}>
        ${repeat(
          shown,
          ({ id }) => id,
          (job, index) => this.#renderJob(job, index, shown),
        )}
      </ol>
    `;
  }
}
