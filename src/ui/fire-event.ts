// Typed events between our elements: each element that emits one adds its name and detail to KilnEvents.

declare global {
  // Filled by declaration merging, next to the elements that emit the events.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface KilnEvents {}
}

/** A listener's argument: `@seed-reuse=${(event: KilnEvent<"seed-reuse">) => ...}`. */
export type KilnEvent<Name extends keyof KilnEvents> = CustomEvent<KilnEvents[Name]>;

/** Emits an event that crosses shadow roots. Use it for what the user did, never for what a property set. */
export function fireEvent<Name extends keyof KilnEvents>(
  node: EventTarget,
  name: Name,
  detail: KilnEvents[Name],
): void {
  node.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
