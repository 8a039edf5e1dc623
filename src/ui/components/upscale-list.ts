// Pictures on their way through the upscaler: what waits, what runs and how far it is, what failed and why. Runs nothing.

import "@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { QueuedUpscale } from "../../gallery/upscale-queue.ts";
import type { UpscaleProgress } from "../controllers/upscale-controller.ts";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { formatSeconds } from "../progress-text.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "upscale-cancel": { readonly id: string };
    "upscale-retry": { readonly id: string };
  }
  interface HTMLElementTagNameMap {
    "kiln-upscale-list": UpscaleList;
  }
}

/** "tile 3/12 · 40 s left", with the pass where there are several. */
function describeTiles({ tile, tiles, pass, passes = 1, secondsLeft }: UpscaleProgress): string {
  if (tile === undefined || secondsLeft === undefined) return msg("Getting ready…");
  const left = formatSeconds(secondsLeft);
  const parts = [msg(str`tile ${tile}/${tiles}`), msg(str`${left} left`)];
  if (passes > 1) parts.unshift(msg(str`pass ${pass}/${passes}`));
  return parts.join(" · ");
}

/**
 * @event upscale-cancel
 * @event upscale-retry
 */
@localized()
@customElement("kiln-upscale-list")
export class UpscaleList extends LitElement {
  static override styles = [
    controlStyles,
    css`
      ol {
        display: grid;
        gap: 8px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 2px 8px;
        align-items: center;
        padding: 6px 6px 6px 12px;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius);
      }
      li.failed {
        border-color: var(--kiln-danger-text);
      }
      .name {
        overflow-wrap: anywhere;
      }
      .facts {
        font-size: 13px;
      }
      .reason {
        color: var(--kiln-danger-text);
        font-size: 13px;
      }
      .buttons {
        display: flex;
        gap: 2px;
      }
      wa-progress-bar {
        grid-column: 1 / -1;
        margin-bottom: 4px;
      }
    `,
  ];

  @property({ attribute: false }) jobs: readonly QueuedUpscale[] = [];
  @property({ attribute: false }) running?: UpscaleProgress;

  #renderJob({ id, request, status, error }: QueuedUpscale): TemplateResult {
    const name = request.fileName;
    const running = this.running?.job.id === id ? this.running : undefined;
    const cancel = status === "failed" ? msg(str`Remove ${name}`) : msg(str`Cancel ${name}`);
    const facts = running ? describeTiles(running) : status === "pending" ? msg("Waiting") : "";
    return html`<li class=${status}>
      <div>
        <div class="name">${name}</div>
        ${error ? html`<div class="reason" role="alert">${error.message}</div>` : html`<div class="facts quiet">${facts}</div>`}
      </div>
      <div class="buttons">
        ${
          status === "failed"
            ? html`<button
                class="button plain square"
                type="button"
                aria-label=${msg(str`Try ${name} again`)}
                title=${msg("Try again")}
                @click=${() => fireEvent(this, "upscale-retry", { id })}
              >
                ${icon("restore")}
              </button>`
            : nothing
        }
        <button
          class="button plain square"
          type="button"
          aria-label=${cancel}
          title=${cancel}
          @click=${() => fireEvent(this, "upscale-cancel", { id })}
        >
          ${icon("x")}
        </button>
      </div>
      ${
        running
          ? html`<wa-progress-bar
              value=${Math.floor(100 * running.fraction)}
              label=${msg(str`Progress of ${name}`)}
            ></wa-progress-bar>`
          : nothing
      }
    </li>`;
  }

  override render(): TemplateResult {
    return html`<ol aria-label=${msg("Pictures being enlarged")}>
      ${repeat(
        this.jobs,
        ({ id }) => id,
        (job) => this.#renderJob(job),
      )}
    </ol>`;
  }
}
