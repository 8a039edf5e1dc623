// The folders whose new models are taken in by themselves: which ones, since when, and the way to add or stop one.

import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { WatchedFolder } from "../../protocol/watched-folders-api.ts";
import { type App, appContext } from "../app.ts";
import "../components/error-note.ts";
import { Watch } from "../controllers/observable.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";
import { cardHostStyles, pageStyles } from "./page.styles.ts";
import { rowListStyles } from "./row-list.styles.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-folders-card": FoldersCard;
  }
}

function describeWatch({ permission, watches, modelFiles }: WatchedFolder): string {
  if (permission !== "granted") return msg("the browser wants a click before Kiln may look again");
  const files = modelFiles === 1 ? msg("1 model file") : msg(str`${modelFiles} model files`);
  const how = {
    "at-once": msg("new ones are taken in at once"),
    "now-and-then": msg("looked at every 30 seconds"),
    not: msg("not watched right now"),
  }[watches];
  return `${files}, ${how}`;
}

@localized()
@customElement("kiln-folders-card")
export class FoldersCard extends LitElement {
  static override styles = [controlStyles, pageStyles, cardHostStyles, rowListStyles];

  @consume({ context: appContext }) private readonly app!: App;

  readonly #folders = new Watch(this, () => this.app.folders.state);

  #renderFolder(folder: WatchedFolder): TemplateResult {
    const { id, name, permission } = folder;
    return html`<li>
      <span>${icon("folder")} ${name} <span class="quiet">${describeWatch(folder)}</span></span>
      <button class="button" type="button" @click=${() => void this.app.folders.look(folder)}>
        ${permission === "granted" ? msg("Look now") : msg("Allow and look")}
      </button>
      <button
        class="button plain square"
        type="button"
        aria-label=${msg(str`Stop watching ${name}`)}
        title=${msg("Stop watching; its models stay")}
        @click=${() => void this.app.folders.remove(id)}
      >
        ${icon("x")}
      </button>
    </li>`;
  }

  override render(): TemplateResult {
    const { folders, importing, error } = this.#folders.value;
    const { supported } = this.app.folders;
    return html`<section class="card">
      <h2>${msg("Watched folders")}</h2>
      <p>
        ${
          supported
            ? msg(
                "New models in a watched folder are copied into the library, with what describes them. Kiln writes nothing into it.",
              )
            : msg(
                "This browser cannot watch folders; Chromium and its relatives can. Add a folder in the library instead.",
              )
        }
      </p>
      ${
        error
          ? html`<kiln-error-note
              .error=${error}
              advice=""
              @error-dismiss=${() => this.app.folders.dismissError()}
            ></kiln-error-note>`
          : nothing
      }
      ${
        folders.length > 0
          ? html`<ul class="list" aria-label=${msg("Watched folders")}>
              ${folders.map((folder) => this.#renderFolder(folder))}
            </ul>`
          : nothing
      }
      ${importing ? html`<p role="status">${msg(str`Taking in ${importing}`)}</p>` : nothing}
      ${
        supported
          ? html`<button class="button" type="button" @click=${() => void this.app.folders.add()}>
              ${icon("folder")}${msg("Watch a folder")}
            </button>`
          : nothing
      }
    </section>`;
  }
}
