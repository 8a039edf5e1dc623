// The page when the app cannot start at all (no storage, an old browser): plain elements, no framework needed.

export function showStartFailure(error: unknown): void {
  const message = document.createElement("p");
  message.setAttribute("role", "alert");
  message.textContent = error instanceof Error ? error.message : String(error);
  const again = document.createElement("button");
  again.textContent = "Try again";
  again.addEventListener("click", () => location.reload());
  const note = document.createElement("div");
  note.className = "start-failure";
  note.append(message, again);
  document.body.replaceChildren(note);
}
