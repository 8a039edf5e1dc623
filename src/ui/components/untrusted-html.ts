// Shows a description that strangers wrote: formatting only, links that are text until clicked, pictures that load when
// asked for. Not for anything the app itself says.

import { localized, msg, str } from "@lit/localize";
import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { untrustedFragment } from "../untrusted-fragment.ts";

declare global {
  interface HTMLElementTagNameMap {
    "kiln-untrusted-html": UntrustedHtml;
  }
}

@localized()
@customElement("kiln-untrusted-html")
export class UntrustedHtml extends LitElement {
  static override styles = css`
    :host {
      display: block;
      /* Whatever is inside cannot be drawn over the rest of the page. */
      contain: content;
      overflow-wrap: anywhere;
    }
    button {
      min-height: 28px;
      padding: 0 2px;
      border: 0;
      background: none;
      font: inherit;
      color: var(--kiln-accent-text, inherit);
      text-decoration: underline dotted;
      cursor: pointer;
    }
    img {
      display: block;
      max-width: 100%;
      height: auto;
    }
    :is(p, h1, h2, h3, ul, ol):first-child {
      margin-top: 0;
    }
    pre {
      overflow-x: auto;
    }
    table {
      display: block;
      max-width: 100%;
      overflow-x: auto;
    }
  `;

  /** HTML from outside, as it came. */
  @property({ attribute: false }) html = "";

  #content: DocumentFragment | undefined;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("html") && this.#content) return;
    this.#content = untrustedFragment(this.html, { link: inertLink, picture: inertPicture });
  }

  protected override render(): TemplateResult {
    return html`${this.#content}`;
  }
}

/** A click shows where it leads, in full; only the second one goes there. */
function inertLink(address: URL, text: string): Node {
  return placeholder(text || address.href, address.href, () => {
    const anchor = document.createElement("a");
    anchor.href = address.href;
    anchor.target = "_blank";
    anchor.rel = "noopener noreferrer";
    anchor.referrerPolicy = "no-referrer";
    anchor.textContent = text && text !== address.href ? `${text} (${address.href})` : address.href;
    return anchor;
  });
}

function inertPicture(address: URL, alternative: string): Node {
  const label = alternative
    ? msg(str`Show the picture "${alternative}" from ${address.host}`)
    : msg(str`Show the picture from ${address.host}`);
  return placeholder(label, address.href, () => {
    const image = document.createElement("img");
    image.referrerPolicy = "no-referrer";
    image.alt = alternative;
    image.src = address.href;
    return image;
  });
}

function placeholder(label: string, title: string, reveal: () => HTMLElement): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.title = title;
  button.addEventListener("click", () => {
    const revealed = reveal();
    button.replaceWith(revealed);
    revealed.focus();
  });
  return button;
}
