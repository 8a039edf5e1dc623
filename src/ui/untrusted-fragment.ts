// Turns HTML from outside into nodes that can do nothing: no script, style, form, frame or request. Shows nothing itself.

import DOMPurify, { type Config } from "dompurify";

// What descriptions are written with. Everything else is dropped, its text kept.
const TAGS = [
  ...["p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "div", "span"],
  ...["strong", "b", "em", "i", "u", "s", "del", "sub", "sup", "mark", "kbd"],
  ...["ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "img"],
];

// Longer than any honest description; the rest would only cost time.
const MAX_CHARACTERS = 200_000;

const CONFIG: Config & { RETURN_DOM_FRAGMENT: true } = {
  ALLOWED_TAGS: TAGS,
  // No style, class, id or name: nothing can cover the page, take its styles or stand in for its parts.
  ALLOWED_ATTR: ["href", "src", "alt", "title"],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  // Whole web addresses only. A relative one would point into this app.
  ALLOWED_URI_REGEXP: /^https?:\/\//i,
  // DOMPurify takes data: addresses on pictures unless told that there are no such tags.
  ADD_DATA_URI_TAGS: [],
  FORBID_CONTENTS: ["script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title"],
  RETURN_DOM_FRAGMENT: true,
};

/** Makes what stands for a link or a picture until the user asks for it. */
export interface Stand {
  link(address: URL, text: string): Node;
  picture(address: URL, alternative: string): Node;
}

// Must replace links and pictures before the nodes enter the page: a picture's address is asked for at that moment.
export function untrustedFragment(html: string, stand: Stand): DocumentFragment {
  const fragment = DOMPurify.sanitize(html.slice(0, MAX_CHARACTERS), CONFIG);
  for (const image of fragment.querySelectorAll("img")) {
    const address = webAddress(image.getAttribute("src"));
    const alternative = image.getAttribute("alt") ?? "";
    image.replaceWith(address ? stand.picture(address, alternative) : alternative);
  }
  for (const anchor of fragment.querySelectorAll("a")) {
    const address = webAddress(anchor.getAttribute("href"));
    const text = anchor.textContent.trim();
    // Pictures inside a link stay pictures; the link gets a place of its own behind them.
    const inside = anchor.firstElementChild ? [...anchor.childNodes] : [];
    const link = address ? [stand.link(address, text)] : inside.length > 0 ? [] : [text];
    anchor.replaceWith(...inside, ...link);
  }
  return fragment;
}

/** The words of HTML from outside, for places that show text only. */
export function untrustedText(html: string): string {
  const fragment = untrustedFragment(html, {
    link: (_address, text) => document.createTextNode(text),
    picture: (_address, alternative) => document.createTextNode(alternative),
  });
  for (const block of fragment.querySelectorAll("p, br, li, div, tr, h1, h2, h3, h4, h5, h6"))
    block.after("\n");
  return (fragment.textContent ?? "")
    .replace(/[^\S\n]+/g, " ")
    .replace(/\s*\n\s*/g, "\n")
    .trim();
}

function webAddress(text: string | null): URL | undefined {
  if (text === null || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  // A name before the host ("https://civitai.com@evil.example") exists to mislead.
  const honest = url.username === "" && url.password === "";
  return honest && (url.protocol === "https:" || url.protocol === "http:") ? url : undefined;
}
