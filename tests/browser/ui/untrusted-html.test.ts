// Descriptions from outside in a real browser: a list of hostile inputs that must neither run, nor load, nor leave the box.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { UntrustedHtml } from "../../../src/ui/components/untrusted-html.ts";
import "../../../src/ui/components/untrusted-html.ts";
import { untrustedText } from "../../../src/ui/untrusted-fragment.ts";

declare global {
  interface Window {
    hacked?: unknown;
  }
}

let requested: PerformanceObserver;
let addresses: string[];

beforeEach(() => {
  delete window.hacked;
  addresses = [];
  requested = new PerformanceObserver((entries) => {
    addresses.push(...entries.getEntries().map(({ name }) => name));
  });
  requested.observe({ type: "resource" });
});

afterEach(() => {
  requested.disconnect();
  document.querySelectorAll("kiln-untrusted-html").forEach((element) => element.remove());
});

async function show(html: string): Promise<UntrustedHtml> {
  const element = document.createElement("kiln-untrusted-html");
  element.html = html;
  document.body.append(element);
  await element.updateComplete;
  return element;
}

const RUN = "window.hacked=1";

/** Each would run a script, load something, or reach outside its box, if it came through. */
const HOSTILE: readonly string[] = [
  `<script>${RUN}</script>`,
  `<scr<script>ipt>${RUN}</scr</script>ipt>`,
  `<img src=x onerror="${RUN}">`,
  `<img src="https://evil.example/pixel.png">`,
  `<img src="/icon.svg" srcset="https://evil.example/2x.png 2x">`,
  `<img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='${RUN}'/>">`,
  `<picture><source srcset="https://evil.example/a.webp"><img></picture>`,
  `<svg onload="${RUN}"><circle r=5 /></svg>`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><style><img src=x onerror=${RUN}></style></svg>`,
  `<svg><use href="https://evil.example/x.svg#a"/></svg>`,
  `<svg><animate attributeName=href values=javascript:${RUN} /><a id=x><text>click</text></a></svg>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${RUN}&gt;">`,
  `<math><mi xlink:href="javascript:${RUN}">x</mi></math>`,
  `<form><math><mtext></form><form><mglyph><style></math><img src onerror=${RUN}>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `<template><img src=x onerror=${RUN}></template>`,
  `<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>`,
  `<iframe src="javascript:parent.hacked=1"></iframe>`,
  `<object data="data:text/html,<script>parent.hacked=1</script>"></object>`,
  `<embed src="javascript:${RUN}">`,
  `<link rel=stylesheet href="https://evil.example/a.css">`,
  `<style>@import "https://evil.example/b.css"; * { display: none }</style>`,
  `<p style="background:url(https://evil.example/c.png);position:fixed;inset:0">over everything</p>`,
  `<div class="kiln-app" id="main" name="body">named</div>`,
  `<a href="javascript:${RUN}">link</a>`,
  `<a href="  java\nscript:${RUN}">link</a>`,
  `<a href="&#106;avascript:${RUN}">link</a>`,
  `<a href="data:text/html,<script>${RUN}</script>">link</a>`,
  `<a href="vbscript:${RUN}">link</a>`,
  `<a href="blob:https://example.com/1">link</a>`,
  `<a href="//evil.example">link</a>`,
  `<a href="/models">link</a>`,
  `<a href="https://civitai.com@evil.example/login">link</a>`,
  `<a href="https://ok.example" onclick="${RUN}" ping="https://evil.example/ping">link</a>`,
  `<form action="https://evil.example"><input name=q autofocus onfocus="${RUN}"><button>Send</button></form>`,
  `<details open ontoggle="${RUN}"><summary>x</summary></details>`,
  `<video src="https://evil.example/v.mp4" onerror="${RUN}" autoplay></video>`,
  `<audio src=x onerror="${RUN}"></audio>`,
  `<body onload="${RUN}"><p>text</p>`,
  `<base href="https://evil.example/"><a href="models/1">link</a>`,
  `<meta http-equiv="refresh" content="0;url=https://evil.example">`,
  `<kiln-app></kiln-app><kiln-untrusted-html></kiln-untrusted-html>`,
  `<slot name=x></slot><button onclick="${RUN}">button</button>`,
  `<p is="x-hack" onpointerenter="${RUN}">text</p>`,
  `<input type=image src=x onerror="${RUN}">`,
  `<marquee onstart="${RUN}">x</marquee>`,
  `<xmp><img src=x onerror=${RUN}></xmp>`,
  `<a href="https://ok.example"><img src=x onerror="${RUN}"></a>`,
  `<!--><img src=x onerror=${RUN}>-->`,
  `<![CDATA[<img src=x onerror=${RUN}>]]>`,
  `<p>${"<b>".repeat(5000)}deep`,
];

const MAY_STAND =
  "p br hr h1 h2 h3 h4 h5 h6 blockquote pre code div span strong b em i u s del sub sup mark kbd ul ol li table thead tbody tr th td button"
    .split(" ")
    .map((tag) => tag.toUpperCase());

describe("hostile descriptions", () => {
  test.each(HOSTILE.map((html) => [html.slice(0, 90), html]))("%s", async (_title, html) => {
    const element = await show(html);
    for (const node of element.renderRoot.querySelectorAll("*")) {
      // Lit puts the component's own style there where the browser lacks adopted sheets.
      expect(MAY_STAND).toContain(node.tagName);
      const ours = node.tagName === "BUTTON" ? ["type", "title"] : [];
      for (const { name } of node.attributes) expect([...ours, "alt", "title"]).toContain(name);
    }
    element.renderRoot.querySelectorAll("p, b, div, span").forEach((node) => {
      (node as HTMLElement).click();
      node.dispatchEvent(new PointerEvent("pointerenter"));
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(window.hacked).toBeUndefined();
    expect(addresses.filter((address) => !address.startsWith(location.origin))).toEqual([]);
    expect(element.renderRoot.querySelector("a")).toBeNull();
  });
});

describe("honest descriptions", () => {
  test("keep their formatting", async () => {
    const element = await show(
      `<h2>Use</h2><p>At <strong>0.8</strong>:</p><ul><li>one</li><li>two</li></ul><pre><code>a, b</code></pre>`,
    );
    expect(element.renderRoot.querySelectorAll("li")).toHaveLength(2);
    expect(element.renderRoot.querySelector("strong")?.textContent).toBe("0.8");
    expect(element.renderRoot.querySelector("pre code")?.textContent).toBe("a, b");
  });

  test("a link is a button; its click shows the whole address, and only then there is a link, without opener or referrer", async () => {
    const element = await show(`<p>See <a href="https://example.com/a?b=1">my page</a>.</p>`);
    const button = element.renderRoot.querySelector("button")!;
    expect(button.textContent).toBe("my page");
    button.click();
    const anchor = element.renderRoot.querySelector("a")!;
    expect(anchor.href).toBe("https://example.com/a?b=1");
    expect(anchor.textContent).toBe("my page (https://example.com/a?b=1)");
    expect(anchor.target).toBe("_blank");
    expect(anchor.relList.contains("noopener") && anchor.relList.contains("noreferrer")).toBe(true);
  });

  test("a picture loads when asked for, without a referrer", async () => {
    const address = `${location.origin}/tests/support/none.png`;
    const element = await show(`<p><img src="${address}" alt="a cat"></p>`);
    expect(element.renderRoot.querySelector("img")).toBeNull();
    element.renderRoot.querySelector("button")!.click();
    const image = element.renderRoot.querySelector("img")!;
    expect(image.src).toBe(address);
    expect(image.alt).toBe("a cat");
    expect(image.referrerPolicy).toBe("no-referrer");
  });

  test("another description takes the place of the first", async () => {
    const element = await show("<p>first</p>");
    element.html = "<p>second</p>";
    await element.updateComplete;
    expect(element.renderRoot.textContent).toContain("second");
    expect(element.renderRoot.textContent).not.toContain("first");
  });

  test("as plain text for cards and searches", () => {
    expect(
      untrustedText(`<p>One</p><p>two <b>three</b></p><script>x()</script><a href="https://a.b">c</a>`),
    ).toBe("One\ntwo three\nc");
    expect(untrustedText("5 < 6 & 7 > 3")).toBe("5 < 6 & 7 > 3");
  });
});
