// Buttons of the top bar that come and go: install the app, load its new version, "works offline now".

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { AppUpdates, AppUpdateState } from "../controllers/app-updates.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-app-notices": AppNotices;
  }
}

@localized()
@customElement("kiln-app-notices")
export class AppNotices extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 4px;
      }
      .button {
        font-size: 13px;
      }
      .offline {
        color: var(--kiln-good-text);
      }
      @media (max-width: 999px) {
        .long {
          display: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) state!: AppUpdateState;
  @property({ attribute: false }) updates!: AppUpdates;

  override render(): TemplateResult {
    const { updateReady, offlineReady, installable } = this.state;
    return html`
      ${
        offlineReady
          ? html`<button
              class="button plain offline"
              type="button"
              title=${msg("Everything needed is stored on this device. Click to hide this note.")}
              @click=${() => this.updates.dismissOfflineNote()}
            >
              ${icon("check")}<span class="long">${msg("Ready to work offline")}</span>
            </button>`
          : nothing
      }
      ${
        updateReady
          ? html`<button class="button" type="button" @click=${() => this.updates.applyUpdate()}>
              ${icon("recycle")}${msg("Update")}
            </button>`
          : nothing
      }
      ${
        installable
          ? html`<button class="button plain" type="button" @click=${() => void this.updates.install()}>
              ${icon("install")}<span class="long">${msg("Install")}</span>
            </button>`
          : nothing
      }
    `;
  }
}
