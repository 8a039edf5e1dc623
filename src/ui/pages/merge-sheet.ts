// Metadata from files before it is taken over: what each rule would change, entry by entry. Writes nothing until told to.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type { MergeEntry, MergePlan, MergeRule } from "../../protocol/metadata-api.ts";
import { type App, appContext } from "../app.ts";
import { sheetStyles } from "../components/dialog.styles.ts";
import { sheetHead } from "../components/sheet-head.ts";
import "../components/error-note.ts";
import "../components/select-field.ts";
import { fireEvent, type KilnEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "merge-close": null;
  }
  interface HTMLElementTagNameMap {
    "kiln-merge-sheet": MergeSheet;
  }
}

const RULES: Readonly<Record<MergeRule, () => string>> = {
  fill: () => msg("Keep mine, add what is missing"),
  newer: () => msg("Take what is newer"),
  replace: () => msg("Take the file's"),
};

// A plan may hold thousands of entries; the first ones show what a rule does.
const SHOWN_ENTRIES = 100;

/** @event merge-close */
@localized()
@customElement("kiln-merge-sheet")
export class MergeSheet extends LitElement {
  static override styles = [
    controlStyles,
    sheetStyles,
    css`
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: 13.5px;
        table-layout: fixed;
      }
      th,
      td {
        padding: 4px 8px 4px 0;
        text-align: left;
        vertical-align: top;
        overflow-wrap: anywhere;
      }
      th {
        color: var(--kiln-quiet);
        font-weight: 500;
      }
      .taken {
        font-weight: 600;
      }
      .dropped {
        color: var(--kiln-quiet);
        text-decoration: line-through;
      }
      p {
        margin: 0;
      }
    `,
  ];

  @property({ attribute: false }) files: readonly File[] = [];

  @consume({ context: appContext }) private readonly app!: App;
  @state() private plan?: MergePlan;
  @state() private error?: SerializedError;
  @query("dialog") private readonly dialog!: HTMLDialogElement;

  override firstUpdated(): void {
    this.dialog.showModal();
    void this.#read("fill");
  }

  async #read(rule: MergeRule): Promise<void> {
    try {
      this.plan = await this.app.metadata.planImport(this.files, rule);
    } catch (error) {
      this.error = serializeError(error);
    }
  }

  async #apply({ planId }: MergePlan): Promise<void> {
    try {
      const changed = await this.app.metadata.applyImport(planId);
      this.app.toasts.show(msg(str`Metadata of ${changed} models taken over.`));
      this.dialog.close();
    } catch (error) {
      this.error = serializeError(error);
    }
  }

  #renderEntry({ fileName, matchedBy, changes }: MergeEntry): TemplateResult {
    return html`<section>
      <h3>
        ${fileName}
        ${matchedBy === "none" ? html`<span class="quiet">${msg("(not on this device yet)")}</span>` : nothing}
      </h3>
      ${
        changes.length === 0
          ? html`<p class="quiet">${msg("Nothing changes.")}</p>`
          : html`<table>
              <thead>
                <tr>
                  <th>${msg("Field")}</th>
                  <th>${msg("Mine")}</th>
                  <th>${msg("The file's")}</th>
                </tr>
              </thead>
              <tbody>
                ${changes.map(
                  ({ field, ours, theirs, takes }) =>
                    html`<tr>
                      <td>${field}</td>
                      <td class=${takes === "theirs" ? "dropped" : "taken"}>${ours}</td>
                      <td class=${takes === "ours" ? "dropped" : "taken"}>${theirs}</td>
                    </tr>`,
                )}
              </tbody>
            </table>`
      }
    </section>`;
  }

  #renderPlan(plan: MergePlan): TemplateResult {
    const changing = plan.entries.filter(({ changes }) => changes.length > 0);
    return html`
      <kiln-select-field
        label=${msg("Where both say something different")}
        .value=${plan.rule}
        .options=${Object.entries(RULES).map(([value, name]) => ({ value, label: name() }))}
        @select-change=${({ detail }: KilnEvent<"select-change">) => void this.#read(detail.value as MergeRule)}
      ></kiln-select-field>
      <p>${msg(str`${changing.length} of ${plan.entries.length} models would change.`)}</p>
      ${plan.rejected.map(({ where, reason }) => html`<p class="quiet">${icon("warning")}${where}: ${reason}</p>`)}
      <div class="row">
        <button class="button" type="button" @click=${() => this.dialog.close()}>${msg("Cancel")}</button>
        <button
          class="button primary"
          type="button"
          ?disabled=${changing.length === 0}
          @click=${() => void this.#apply(plan)}
        >
          ${msg("Take over")}
        </button>
      </div>
      ${changing.slice(0, SHOWN_ENTRIES).map((entry) => this.#renderEntry(entry))}
      ${
        changing.length > SHOWN_ENTRIES
          ? html`<p class="quiet">${msg(str`… and ${changing.length - SHOWN_ENTRIES} more.`)}</p>`
          : nothing
      }
    `;
  }

  override render(): TemplateResult {
    return html`<dialog
      aria-label=${msg("Metadata found")}
      @close=${() => fireEvent(this, "merge-close", null)}
    >
      ${sheetHead(msg("Metadata found"), () => this.dialog.close())}
      <div class="sheet-body">
        ${
          this.error
            ? html`<kiln-error-note
                .error=${this.error}
                advice=""
                @error-dismiss=${() => (this.error = undefined)}
              ></kiln-error-note>`
            : nothing
        }
        ${this.plan ? this.#renderPlan(this.plan) : html`<p class="quiet">${msg("Reading…")}</p>`}
      </div>
    </dialog>`;
  }
}
