// Whether a dialog or a menu in front of the page owns the keyboard: its Esc must close it, and do nothing else.

const IN_FRONT = "dialog[open], :popover-open";

function hasOpenDialog(root: ParentNode): boolean {
  return [...root.querySelectorAll("*")].some(
    (element) => element.matches("dialog:modal") || (element.shadowRoot && hasOpenDialog(element.shadowRoot)),
  );
}

export function ownsKeyboard(event: KeyboardEvent): boolean {
  const path = event.composedPath();
  if (path.some((node) => node instanceof Element && node.matches(IN_FRONT))) return true;
  // The focus falls to the body when the focused button goes away; a dialog is then open all the same.
  return path[0] === document.body && hasOpenDialog(document);
}
