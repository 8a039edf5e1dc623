// The facts of one model as a list of terms: kind, file, size, licence, memory, hash, source. A part of its details; holds no state.

import { msg, str } from "@lit/localize";
import { html, type TemplateResult } from "lit";
import type { LinkedFileState } from "../../protocol/linked-files.ts";
import { formatBytes } from "../format-bytes.ts";
import { baseOf, type LibraryEntry } from "../model-filter.ts";
import { linkName, precisionName, shortHash, typeName } from "../model-names.ts";
import { safeHref } from "../safe-href.ts";

interface FactsHere {
  /** Of a model whose file stays where the user keeps it. */
  readonly link?: LinkedFileState;
  /** What one picture takes on the device in use; 0 where nobody knows. */
  readonly memoryBytes: number;
}

export function renderModelFacts(entry: LibraryEntry, { link, memoryBytes }: FactsHere): TemplateResult {
  const { record, metadata } = entry;
  const source = safeHref(metadata?.source);
  const licence = metadata?.licence || record.license;
  const rows: readonly (readonly [string, unknown])[] = [
    [msg("Kind"), typeName(record.type)],
    [msg("Base model"), baseOf(entry)],
    [msg("File"), record.fileName],
    [msg("Kept"), link ? linkName(link) : ""],
    [msg("Size"), `${formatBytes(record.bytes)}, ${precisionName(record.dtype)}`],
    [msg("Licence"), licence === "unknown" ? "" : licence],
    [msg("Needs"), memoryBytes > 0 ? msg(str`about ${formatBytes(memoryBytes)} of memory`) : ""],
    [msg("Hash"), html`<span class="mono">${shortHash(record, metadata)}</span>`],
    [
      msg("From"),
      source
        ? html`<a href=${source} target="_blank" rel="noreferrer noopener">${new URL(source).host}</a>`
        : (metadata?.source ?? ""),
    ],
  ];
  return html`<dl>
    ${rows
      .filter(([, value]) => value !== "")
      .map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
  </dl>`;
}
