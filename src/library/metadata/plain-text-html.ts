// Plain text as HTML, for descriptions that were never HTML. Not a sanitiser: what is HTML already must not come here.

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

export function plainTextToHtml(text: string): string {
  const escaped = text.trim().replace(/[&<>"]/g, (character) => ENTITIES[character]);
  return escaped
    .split(/\n{2,}/)
    .filter(Boolean)
    .map((paragraph) => `<p>${paragraph.replaceAll("\n", "<br>")}</p>`)
    .join("");
}
