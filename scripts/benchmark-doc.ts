// The generated parts of docs/benchmarks.md, each between two marks. Measures nothing.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";

const FILE = join(import.meta.dirname, "../docs/benchmarks.md");

/** Replaces what lies between `<!-- NAME:start -->` and `<!-- NAME:end -->`, laid out as the checks want it. */
export async function writeBenchmarkPart(name: string, markdown: string): Promise<void> {
  const text = withPart(readFileSync(FILE, "utf8"), name, markdown);
  writeFileSync(FILE, await format(text, { parser: "markdown" }));
}

/** @throws Error where the text has no such part. */
export function withPart(text: string, name: string, markdown: string): string {
  const [startMark, endMark] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [start, end] = [text.indexOf(startMark), text.indexOf(endMark)];
  if (start < 0 || end < start) throw new Error(`docs/benchmarks.md: expected ${startMark} ... ${endMark}`);
  return `${text.slice(0, start + startMark.length)}\n\n${markdown}\n\n${text.slice(end)}`;
}
