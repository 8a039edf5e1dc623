// Which device makes the pictures, with the reason in a tooltip.

import "@awesome.me/webawesome/dist/components/tooltip/tooltip.js";
import { localized, msg } from "@lit/localize";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { SerializedError } from "../../protocol/app-error.ts";
import type { DeviceReport } from "../../protocol/engine-api.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-device-badge": DeviceBadge;
  }
}

export function describeDevice(device: DeviceReport): string {
  return device.device === "webgpu" ? `WebGPU · ${device.precision}` : "CPU";
}

@localized()
@customElement("kiln-device-badge")
export class DeviceBadge extends LitElement {
  static override styles = [
    controlStyles,
    css`
      .badge {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-height: var(--kiln-target);
        padding: 0 10px;
        border-radius: var(--kiln-radius);
        color: var(--kiln-quiet);
        font-size: 13px;
        text-decoration: none;
        white-space: nowrap;
      }
      .badge:hover {
        background: var(--kiln-hover);
      }
      .badge.failed {
        color: var(--kiln-danger-text);
      }
      wa-tooltip {
        --max-width: 34ch;
      }
    `,
  ];

  @property({ attribute: false }) device?: DeviceReport;
  @property({ attribute: false }) error?: SerializedError;

  override render(): TemplateResult {
    const face = this.error ? msg("No engine") : this.device ? describeDevice(this.device) : msg("Starting…");
    const reason = this.error?.message ?? this.device?.reason ?? msg("The engine is being started.");
    return html`
      <a id="badge" class="badge ${this.error ? "failed" : ""}" href="#/settings" aria-description=${reason}>
        ${icon(this.error ? "warning" : "chip")} ${face}
      </a>
      <wa-tooltip for="badge">${reason}</wa-tooltip>
    `;
  }
}
