// The page "Benchmark this device": runs the benchmark here, in this browser, and offers the result as JSON to copy. Reached from
// the settings; sends nothing anywhere.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import {
  BENCHMARK_MODELS,
  type BenchmarkReport,
  type BenchmarkRequest,
  type ComponentRow,
  type VariantRow,
} from "../../protocol/benchmark-api.ts";
import { type App, appContext } from "../app.ts";
import "../components/select-field.ts";
import { Watch } from "../controllers/observable.ts";
import type { KilnEvent } from "../fire-event.ts";
import { formatBytes } from "../format-bytes.ts";
import { controlStyles } from "../styles/controls.ts";
import { pageStyles } from "./page.styles.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-benchmark-page": BenchmarkPage;
  }
}

type Scope = Pick<BenchmarkRequest, "size" | "models">;

/** What can be chosen; full-size weights take the memory that the published models take. */
const SCOPES: Readonly<Record<string, { readonly name: () => string } & Scope>> = {
  quick: { name: () => msg("Quick check: small models"), size: "small", models: BENCHMARK_MODELS },
  "sd-1.5": { name: () => msg("Stable Diffusion 1.5, full size"), size: "full", models: ["sd-1.5"] },
  "sd-2.1-base": {
    name: () => msg("Stable Diffusion 2.1, full size"),
    size: "full",
    models: ["sd-2.1-base"],
  },
  sdxl: { name: () => msg("SDXL, full size"), size: "full", models: ["sdxl"] },
  upscaler: { name: () => msg("Upscaler RRDBNet ×4, full size"), size: "full", models: ["rrdbnet-x4"] },
  all: { name: () => msg("Everything at full size"), size: "full", models: BENCHMARK_MODELS },
};

const RUNS = 5;

function formatTime(seconds: number | null): string {
  if (seconds === null) return "–";
  const milliseconds = (seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0);
  return seconds < 1 ? msg(str`${milliseconds} ms`) : msg(str`${seconds.toFixed(2)} s`);
}

@localized()
@customElement("kiln-benchmark-page")
export class BenchmarkPage extends LitElement {
  static override styles = [
    controlStyles,
    pageStyles,
    css`
      progress {
        width: 100%;
        accent-color: var(--kiln-accent);
      }
      .scroll {
        overflow-x: auto;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: 14px;
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 6px 8px;
        border-bottom: 1px solid var(--kiln-line);
        text-align: right;
        white-space: nowrap;
      }
      th:first-child,
      td:first-child {
        text-align: left;
      }
      .variants {
        display: flex;
        align-items: center;
        gap: 8px;
        min-height: 40px;
      }
      textarea {
        width: 100%;
        height: 180px;
        margin-top: 10px;
        padding: 10px;
        border: 1px solid var(--kiln-line);
        border-radius: var(--kiln-radius);
        background: var(--kiln-raised);
        font:
          13px/1.4 ui-monospace,
          monospace;
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private scope = "quick";
  @state() private variants = false;
  @state() private copied = false;

  readonly #benchmark = new Watch(this, () => this.app.benchmark.state);

  #start(): void {
    const { size, models } = SCOPES[this.scope];
    const device = this.app.settings.get("device");
    this.copied = false;
    void this.app.benchmark.start({
      device,
      size,
      models,
      runs: RUNS,
      pictures: true,
      variants: this.variants,
    });
  }

  async #copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.copied = true;
    } catch {
      // Not allowed to write: the text is selected, so that the keyboard can copy it.
      this.renderRoot.querySelector("textarea")?.select();
    }
  }

  #renderRun(): TemplateResult {
    const { running, progress, error } = this.#benchmark.value;
    return html`<section class="card">
      <p>
        ${msg(
          "Measures how fast this device runs each part of a model, with random weights made on the spot: nothing is downloaded, nothing is sent. Full-size models need as much memory as real ones.",
        )}
      </p>
      <kiln-select-field
        label=${msg("What to measure")}
        .value=${this.scope}
        .options=${Object.entries(SCOPES).map(([value, { name }]) => ({ value, label: name() }))}
        @select-change=${(event: KilnEvent<"select-change">) => (this.scope = event.detail.value)}
      ></kiln-select-field>
      <p></p>
      <label class="variants">
        <input
          type="checkbox"
          .checked=${this.variants}
          ?disabled=${running}
          @change=${(event: Event) => (this.variants = (event.target as HTMLInputElement).checked)}
        />
        ${msg("Compare other ways to compute the same, too: takes several times as long")}
      </label>
      <p></p>
      ${
        running
          ? html`<p role="status">
                ${
                  progress
                    ? msg(str`${progress.done + 1} of ${progress.total}: ${progress.what}`)
                    : msg("Getting ready…")
                }
              </p>
              <progress
                aria-label=${msg("Progress")}
                max=${progress?.total ?? 1}
                .value=${progress?.done ?? 0}
              ></progress>
              <p></p>
              <button class="button" type="button" @click=${() => this.app.benchmark.cancel()}>
                ${msg("Cancel")}
              </button>`
          : html`<button class="button primary" type="button" @click=${() => this.#start()}>
              ${msg("Start")}
            </button>`
      }
      ${error ? html`<p role="alert">${error.message}</p>` : nothing}
    </section>`;
  }

  #renderRow(row: ComponentRow): TemplateResult {
    return html`<tr>
      <td title=${row.failure ?? row.shape}>${row.model} ${row.component}</td>
      <td>${row.failure ? msg("failed") : formatTime(row.createSeconds)}</td>
      <td>${formatTime(row.firstSeconds)}</td>
      <td>${formatTime(row.steadySeconds)}</td>
      <td>${row.peakBytes === null ? "–" : formatBytes(row.peakBytes)}</td>
    </tr>`;
  }

  #renderVariants(rows: readonly VariantRow[]): TemplateResult {
    const percent = (ratio: number | null): string =>
      ratio === null ? "–" : `${(100 * ratio).toFixed(0)} %`;
    return html`<table>
      <thead>
        <tr>
          <th>${msg("Another way")}</th>
          <th>${msg("Time, of the app's way")}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ model, name, ratio, failure }) =>
            html`<tr>
              <td title=${failure ?? ""}>${model}: ${name}</td>
              <td>${failure ? msg("failed") : percent(ratio)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  #renderReport(report: BenchmarkReport): TemplateResult {
    const text = JSON.stringify(report, undefined, 2);
    return html`<section class="card">
      <h2>${msg("Result")}</h2>
      <p>${report.device}, ${report.precision}</p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>${msg("Part")}</th>
              <th>${msg("Load")}</th>
              <th>${msg("First run")}</th>
              <th>${msg("Run")}</th>
              <th>${msg("GPU memory")}</th>
            </tr>
          </thead>
          <tbody>
            ${report.components.map((row) => this.#renderRow(row))}
          </tbody>
        </table>
        <table>
          <thead>
            <tr>
              <th>${msg("Picture")}</th>
              <th>${msg("First")}</th>
              <th>${msg("Next")}</th>
              <th>${msg("Step")}</th>
            </tr>
          </thead>
          <tbody>
            ${report.pictures.map(
              (row) =>
                html`<tr>
                  <td title=${row.failure ?? ""}>${row.model}, ${row.shape}</td>
                  <td>${row.failure ? msg("failed") : formatTime(row.coldSeconds)}</td>
                  <td>${formatTime(row.totalSeconds)}</td>
                  <td>${formatTime(row.secondsPerStep)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
        ${report.variants?.length ? this.#renderVariants(report.variants) : nothing}
      </div>
      <p></p>
      <div class="row">
        <button class="button" type="button" @click=${() => void this.#copy(text)}>
          ${msg("Copy JSON")}
        </button>
        <span role="status">${this.copied ? msg("Copied.") : nothing}</span>
      </div>
      <textarea readonly aria-label=${msg("Result as JSON")} .value=${text}></textarea>
    </section>`;
  }

  override render(): TemplateResult {
    const { report } = this.#benchmark.value;
    return html`<div class="column">
      <h1>${msg("Benchmark this device")}</h1>
      ${this.#renderRun()} ${report ? this.#renderReport(report) : nothing}
    </div>`;
  }
}
