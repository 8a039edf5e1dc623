// Settings of everything that leaves this device: tokens, lookups, hosts, downloads at once, and which pictures are shown.

import "@awesome.me/webawesome/dist/components/switch/switch.js";
import { consume } from "@lit/context";
import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { CIVITAI_HOSTS, type CivitaiHost } from "../../protocol/civitai-api.ts";
import type { SourceHosts, SourceId } from "../../protocol/downloads-api.ts";
import { type App, appContext } from "../app.ts";
import "../components/error-note.ts";
import "../components/select-field.ts";
import { CONTENT_LEVELS, type ContentLevel } from "../content-level.ts";
import { Watch } from "../controllers/observable.ts";
import type { KilnEvent } from "../fire-event.ts";
import { signInWithGoogle } from "../google-sign-in.ts";
import { sourceName } from "../model-address.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-online-settings": OnlineSettings;
  }
}

/** Sources whose tokens are pasted. Google Drive signs in by a window of its own. */
const TOKEN_SOURCES: readonly SourceId[] = ["civitai", "huggingface", "github", "own-server"];

const LEVEL_NAMES: Readonly<Record<ContentLevel, () => string>> = {
  PG: () => msg("For everyone (PG)"),
  "PG-13": () => "PG-13",
  R: () => "R",
  X: () => "X",
  XXX: () => "XXX",
};

const PARALLEL = ["1", "2", "3", "4", "6", "8"] as const;

@localized()
@customElement("kiln-online-settings")
export class OnlineSettings extends LitElement {
  static override styles = [
    controlStyles,
    css`
      :host {
        display: block;
      }
      .choice {
        max-width: 480px;
        margin-bottom: 10px;
      }
      wa-switch {
        display: block;
        padding-block: 9px;
      }
      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto auto;
        gap: 8px;
        align-items: end;
        max-width: 560px;
        margin-bottom: 10px;
      }
      form label {
        display: grid;
        gap: 2px;
      }
      p {
        margin: 0 0 10px;
        max-width: 68ch;
      }
      h3 {
        margin: 18px 0 6px;
        font-size: 15px;
        font-weight: 600;
      }
      .state {
        color: var(--kiln-good-text);
      }
    `,
  ];

  @consume({ context: appContext }) private readonly app!: App;
  /** What is typed but not saved. Never leaves this element but to the worker. */
  @state() private typed: Readonly<Partial<Record<SourceId, string>>> = {};

  @state() private signingIn?: AbortController;

  readonly #downloads = new Watch(this, () => this.app.downloads.state);
  readonly #civitai = new Watch(this, () => this.app.civitai.state);
  #unsubscribe?: () => void;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unsubscribe = this.app.settings.subscribe(() => this.requestUpdate());
    void this.app.civitai.loadSettings();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
    this.signingIn?.abort();
  }

  async #setToken(source: SourceId, token: string | undefined): Promise<void> {
    this.typed = { ...this.typed, [source]: "" };
    await this.app.downloads.setToken(source, token);
    if (this.app.downloads.state.value.error) return;
    this.app.toasts.show(
      token === undefined
        ? msg(str`The token for ${sourceName(source)} is forgotten.`)
        : msg(str`The token for ${sourceName(source)} is kept on this device.`),
    );
  }

  async #signIn(clientId: string): Promise<void> {
    this.signingIn?.abort();
    const waiting = new AbortController();
    this.signingIn = waiting;
    try {
      const token = await signInWithGoogle(clientId, this.app.baseUrl, waiting.signal);
      await this.#setToken("google-drive", token);
    } catch (error) {
      if (!waiting.signal.aborted)
        this.app.toasts.show(error instanceof Error ? error.message : String(error));
    } finally {
      if (this.signingIn === waiting) this.signingIn = undefined;
    }
  }

  #renderGoogle(): TemplateResult {
    const clientId = this.#downloads.value.settings?.googleClientId ?? "";
    const has = this.#hasToken("google-drive");
    return html`<form
        @submit=${(event: Event) => {
          event.preventDefault();
          void this.#signIn(clientId);
        }}
      >
        <label>
          <span class="label"
            >${msg("Google Drive: your OAuth client id")}
            ${has ? html`<span class="state">${msg("signed in")}</span>` : nothing}</span
          >
          <input
            class="field"
            type="text"
            autocomplete="off"
            spellcheck="false"
            placeholder="….apps.googleusercontent.com"
            .value=${clientId}
            @change=${(event: Event) =>
              void this.app.downloads.configure({
                googleClientId: (event.target as HTMLInputElement).value.trim(),
              })}
          />
        </label>
        <button class="button" type="submit" ?disabled=${clientId === ""}>
          ${this.signingIn ? msg("Waiting…") : msg("Sign in")}
        </button>
        <button
          class="button plain"
          type="button"
          aria-label=${msg("Sign out of Google Drive")}
          ?disabled=${!has}
          @click=${() => void this.#setToken("google-drive", undefined)}
        >
          ${msg("Forget")}
        </button>
      </form>
      <p class="quiet">
        ${msg(str`A sign-in lasts about an hour. List ${this.app.baseUrl} among the client's redirect addresses at Google.`)}
      </p>`;
  }

  #hasToken(source: SourceId): boolean {
    const { settings } = this.#downloads.value;
    return (
      settings?.tokens[source] ?? (source === "civitai" && this.#civitai.value.settings?.hasToken === true)
    );
  }

  #renderToken(source: SourceId): TemplateResult {
    const name = sourceName(source);
    const has = this.#hasToken(source);
    const typed = this.typed[source] ?? "";
    return html`<form
      @submit=${(event: Event) => {
        event.preventDefault();
        void this.#setToken(source, typed.trim());
      }}
    >
      <label>
        <span class="label">${name} ${has ? html`<span class="state">${msg("kept")}</span>` : nothing}</span>
        <input
          class="field"
          type="password"
          autocomplete="off"
          aria-label=${msg(str`Token for ${name}`)}
          placeholder=${has ? "••••••••" : msg("none")}
          .value=${typed}
          @input=${(event: Event) =>
            (this.typed = { ...this.typed, [source]: (event.target as HTMLInputElement).value })}
        />
      </label>
      <button class="button" type="submit" ?disabled=${typed.trim() === ""}>${msg("Keep")}</button>
      <button
        class="button plain"
        type="button"
        aria-label=${msg(str`Forget the token for ${name}`)}
        ?disabled=${!has}
        @click=${() => void this.#setToken(source, undefined)}
      >
        ${msg("Forget")}
      </button>
    </form>`;
  }

  #setHost(change: Partial<SourceHosts>): void {
    const { settings } = this.#downloads.value;
    if (settings) void this.app.downloads.configure({ hosts: { ...settings.hosts, ...change } });
  }

  async #setCivitaiHost(host: CivitaiHost): Promise<void> {
    await this.app.civitai.configure({ host });
    this.#setHost({ civitai: `https://${host}` });
  }

  #renderHost(name: "ownServer" | "ipfsGateway", label: string, hint: string): TemplateResult {
    const hosts = this.#downloads.value.settings?.hosts;
    return html`<label class="choice" style="display: grid; gap: 2px">
      <span class="label">${label}</span>
      <input
        class="field"
        type="url"
        autocomplete="off"
        placeholder=${hint}
        .value=${hosts?.[name] ?? ""}
        @change=${(event: Event) => {
          const value = (event.target as HTMLInputElement).value.trim().replace(/\/+$/, "");
          this.#setHost({ [name]: value === "" && name === "ownServer" ? undefined : value });
        }}
      />
    </label>`;
  }

  #renderLookup(): TemplateResult {
    const civitai = this.#civitai.value.settings;
    const level = this.app.settings.get("contentLevel");
    return html`
      <wa-switch
        ?checked=${civitai?.lookup === "allowed"}
        @change=${(event: Event) => {
          const allowed = (event.target as HTMLElement & { checked: boolean }).checked;
          void this.app.civitai.configure({ lookup: allowed ? "allowed" : "refused" });
        }}
        >${msg("Look new models up at Civitai by their hash")}</wa-switch
      >
      <wa-switch
        ?checked=${this.app.settings.get("browsesCivitai")}
        @change=${(event: Event) =>
          void this.app.settings.set(
            "browsesCivitai",
            (event.target as HTMLElement & { checked: boolean }).checked,
          )}
        >${msg("Browse Civitai in the Models page")}</wa-switch
      >
      <kiln-select-field
        class="choice"
        label=${msg("Civitai host")}
        .value=${civitai?.host ?? CIVITAI_HOSTS[0]}
        .options=${CIVITAI_HOSTS.map((host) => ({ value: host, label: host }))}
        @select-change=${({ detail }: KilnEvent<"select-change">) =>
          void this.#setCivitaiHost(detail.value as CivitaiHost)}
      ></kiln-select-field>
      <kiln-select-field
        class="choice"
        label=${msg("Pictures shown unblurred up to")}
        .value=${level}
        .options=${CONTENT_LEVELS.map((value) => ({ value, label: LEVEL_NAMES[value]() }))}
        @select-change=${({ detail }: KilnEvent<"select-change">) =>
          void this.app.settings.set("contentLevel", detail.value as ContentLevel)}
      ></kiln-select-field>
    `;
  }

  override render(): TemplateResult {
    const { settings, error } = this.#downloads.value;
    return html`
      <kiln-error-note
        .error=${error ?? this.#civitai.value.error}
        advice=""
        @error-dismiss=${() => {
          this.app.downloads.dismissError();
          this.app.civitai.dismissError();
        }}
      ></kiln-error-note>
      ${this.#renderLookup()}
      <kiln-select-field
        class="choice"
        label=${msg("Downloads at once")}
        .value=${String(settings?.parallel ?? 2)}
        .options=${PARALLEL.map((value) => ({ value, label: value }))}
        @select-change=${({ detail }: KilnEvent<"select-change">) =>
          void this.app.downloads.configure({ parallel: Number(detail.value) })}
      ></kiln-select-field>
      ${this.#renderHost("ownServer", msg("Your own server"), "https://models.example.org")}
      ${this.#renderHost("ipfsGateway", msg("IPFS gateway"), "https://ipfs.io")}
      <h3>${msg("Tokens")}</h3>
      <p class="quiet">
        ${msg("Kept on this device, sent to their own host only, and never part of anything exported.")}
      </p>
      ${TOKEN_SOURCES.map((source) => this.#renderToken(source))} ${this.#renderGoogle()}
    `;
  }
}
