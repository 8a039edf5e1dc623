// The Settings page: appearance, engine, storage, queue, about. Each card reads and writes through the app's controllers.

import "@awesome.me/webawesome/dist/components/switch/switch.js";
import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { SettingKey, SettingValues } from "../../gallery/settings.ts";
import { requestPersistence, type StorageUsage } from "../../gallery/storage-usage.ts";
import { type App, appContext } from "../app.ts";
import "../components/byte-meter.ts";
import { describeDevice } from "../components/device-badge.ts";
import "../components/select-field.ts";
import { Watch } from "../controllers/observable.ts";
import type { KilnEvent } from "../fire-event.ts";
import { formatBytes } from "../format-bytes.ts";
import { controlStyles } from "../styles/controls.ts";
import { applyTheme } from "../theme.ts";
import "./online-settings.ts";
import { pageStyles } from "./page.styles.ts";

declare const __KILN_VERSION__: string;

declare global {
  interface HTMLElementTagNameMap {
    "kiln-settings-page": SettingsPage;
  }
}

/** Names and licences of what the built app contains. */
const LIBRARIES = [
  ["ONNX Runtime Web", "MIT"],
  ["Lit", "BSD-3-Clause"],
  ["Web Awesome", "MIT"],
  ["Comlink", "Apache-2.0"],
  ["Workbox", "MIT"],
  ["idb", "ISC"],
  ["hash-wasm", "MIT"],
] as const;

@localized()
@customElement("kiln-settings-page")
export class SettingsPage extends LitElement {
  static override styles = [
    controlStyles,
    pageStyles,
    css`
      .choice {
        max-width: 480px;
        margin-bottom: 10px;
      }
      wa-switch {
        display: block;
        padding-block: 9px;
      }
      .link {
        color: var(--kiln-accent-text);
      }
      .libraries {
        font-size: 14px;
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private usage?: StorageUsage;
  @state() private persistenceRefused = false;

  readonly #generation = new Watch(this, () => this.app.generation.state);
  readonly #models = new Watch(this, () => this.app.models.state);
  #unsubscribe?: () => void;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#measure();
    const stops = [
      this.app.gallery.subscribe(() => void this.#measure()),
      this.app.models.state.subscribe(() => void this.#measure()),
      this.app.settings.subscribe(() => this.requestUpdate()),
    ];
    this.#unsubscribe = () => stops.forEach((stop) => stop());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  async #measure(): Promise<void> {
    const imported = this.app.models.state.value.models.filter(({ origin }) => origin === "imported");
    this.usage = await this.app.storage.readUsage(imported.reduce((sum, { bytes }) => sum + bytes, 0));
  }

  async #persist(): Promise<void> {
    this.persistenceRefused = !(await requestPersistence());
    await this.#measure();
  }

  #set<K extends SettingKey>(key: K, value: SettingValues[K]): void {
    void this.app.settings.set(key, value);
  }

  #renderChoice<K extends "theme" | "device" | "noiseSource" | "previewMethod">(
    key: K,
    label: string,
    options: readonly (readonly [SettingValues[K], string])[],
    chosen: (value: SettingValues[K]) => void = () => undefined,
  ): TemplateResult {
    return html`<kiln-select-field
      class="choice"
      label=${label}
      .value=${this.app.settings.get(key)}
      .options=${options.map(([value, name]) => ({ value, label: name }))}
      @select-change=${(event: KilnEvent<"select-change">) => {
        const value = event.detail.value as SettingValues[K];
        this.#set(key, value);
        chosen(value);
      }}
    ></kiln-select-field>`;
  }

  #renderAppearance(): TemplateResult {
    return html`<section class="card">
      <h2>${msg("Appearance")}</h2>
      ${this.#renderChoice(
        "theme",
        msg("Theme"),
        [
          ["auto", msg("As the system")],
          ["light", msg("Light")],
          ["dark", msg("Dark")],
        ],
        applyTheme,
      )}
    </section>`;
  }

  #renderEngine(): TemplateResult {
    const { device, deviceError } = this.#generation.value;
    const { generation } = this.app;
    return html`<section class="card">
      <h2>${msg("Engine")}</h2>
      <p>
        ${
          device
            ? html`<b>${describeDevice(device)}</b>: ${device.reason}
                <span class="quiet">${device.description}</span>`
            : (deviceError?.message ?? msg("The engine is being started."))
        }
      </p>
      ${this.#renderChoice(
        "device",
        msg("Device"),
        [
          ["auto", msg("Automatic: the GPU when there is a real one")],
          ["webgpu", msg("WebGPU, even if slow")],
          ["wasm", msg("CPU")],
        ],
        (value) => void generation.changeDevice(value),
      )}
      ${this.#renderChoice("noiseSource", msg("Noise source"), [
        ["cpu", msg("CPU: same pictures as torch on the CPU")],
        ["nv", msg("NV: same pictures as torch on NVIDIA GPUs")],
      ])}
      <wa-switch
        ?checked=${this.app.settings.get("preview")}
        @change=${(event: Event) => this.#set("preview", (event.target as HTMLElement & { checked: boolean }).checked)}
        >${msg("Show the picture while it emerges")}</wa-switch
      >
      ${this.#renderChoice("previewMethod", msg("Live preview"), [
        ["decoder", msg("Tiny decoder (TAESD), where one is in the library")],
        ["colours", msg("Colours of the latents")],
      ])}
      <p class="quiet">
        ${msg("If something hangs, a new engine gives all memory back. The queue and the gallery stay.")}
      </p>
      <button class="button" type="button" @click=${() => void generation.restartEngine()}>
        ${msg("Restart engine")}
      </button>
    </section>`;
  }

  #renderOnline(): TemplateResult {
    return html`<section class="card">
      <h2>${msg("Online")}</h2>
      <kiln-online-settings></kiln-online-settings>
    </section>`;
  }

  #renderStorage(): TemplateResult {
    const { usage } = this;
    return html`<section class="card">
      <h2>${msg("Storage")}</h2>
      ${
        usage
          ? html`<p>
                ${msg(str`${formatBytes(usage.used)} in use; this browser allows ${formatBytes(usage.quota)}.`)}
              </p>
              <kiln-byte-meter
                .parts=${[
                  { name: msg("Pictures"), bytes: usage.pictures },
                  { name: msg("Models"), bytes: usage.models },
                  { name: msg("App"), bytes: usage.app },
                ]}
                .total=${usage.quota}
              ></kiln-byte-meter>
              ${
                usage.persisted
                  ? html`<p>
                      ${msg("The browser has promised to keep all this, even when the disk runs low.")}
                    </p>`
                  : html`<p>
                        ${msg("When the disk runs low, the browser may delete all this without asking.")}
                      </p>
                      <button class="button" type="button" @click=${() => void this.#persist()}>
                        ${msg("Keep my pictures and models")}
                      </button>`
              }
              <p><a class="link" href="#/models/storage">${msg("Storage in detail")}</a></p>
              ${
                this.persistenceRefused
                  ? html`<p class="quiet">
                      ${msg("The browser declined. Installing the app usually changes its mind.")}
                    </p>`
                  : nothing
              }`
          : nothing
      }
    </section>`;
  }

  #renderQueue(): TemplateResult {
    const failed = this.#generation.value.jobs.filter(({ status }) => status === "failed").length;
    return html`<section class="card">
      <h2>${msg("Queue")}</h2>
      <p>
        ${
          failed === 0
            ? msg("Every job has ended well.")
            : msg(str`Kept with their recipe and the reason of the failure: ${failed}.`)
        }
      </p>
      <button
        class="button"
        type="button"
        ?disabled=${failed === 0}
        @click=${() => void this.app.generation.clearFailed()}
      >
        ${msg("Clear failed jobs")}
      </button>
    </section>`;
  }

  #renderAdvanced(): TemplateResult {
    return html`<section class="card">
      <h2>${msg("Advanced")}</h2>
      <p>${msg("How fast this device is with each kind of model, without downloading one.")}</p>
      <a class="button" href="#/benchmark">${msg("Benchmark this device")}</a>
    </section>`;
  }

  #renderAbout(): TemplateResult {
    const embedded = this.#models.value.models.find(({ origin }) => origin === "embedded");
    return html`<section class="card">
      <h2>${msg("About")}</h2>
      <p>${msg(str`Kiln ${__KILN_VERSION__}, MIT licence. Stable Diffusion that lives in a browser tab.`)}</p>
      ${embedded ? html`<p>${msg(str`Embedded model: ${embedded.name}, licence ${embedded.license}.`)}</p>` : nothing}
      <p class="quiet libraries">
        ${msg("Made with")} ${LIBRARIES.map(([name, licence]) => `${name} (${licence})`).join(", ")}.
      </p>
    </section>`;
  }

  override render(): TemplateResult {
    return html`<div class="column">
      <h1>${msg("Settings")}</h1>
      ${this.#renderAppearance()} ${this.#renderEngine()} ${this.#renderOnline()} ${this.#renderStorage()}
      ${this.#renderQueue()} ${this.#renderAdvanced()} ${this.#renderAbout()}
    </div>`;
  }
}
