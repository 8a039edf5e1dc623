// Zoom and pan by wheel, drag, pinch and double click, as a transform to apply. Knows no picture.

export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const FIT: View = { scale: 1, x: 0, y: 0 };
const MAX_SCALE = 12;
const WHEEL_RATE = 0.0016;
const DOUBLE_CLICK_SCALE = 3;

/** Scales `view` by `factor` so that the point under `at` (relative to the centre of the viewport) stays where it is. */
export function zoomAt(view: View, factor: number, at: Point): View {
  const scale = Math.min(MAX_SCALE, Math.max(1, view.scale * factor));
  if (scale === 1) return FIT;
  const applied = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * applied, y: at.y - (at.y - view.y) * applied };
}

/** Owns the listeners on one viewport element until `dispose`. */
export class PanZoom {
  #view: View = FIT;
  readonly #viewport: HTMLElement;
  readonly #apply: (view: View) => void;
  readonly #pointers = new Map<number, Point>();
  readonly #listeners = new AbortController();

  constructor(viewport: HTMLElement, apply: (view: View) => void) {
    this.#viewport = viewport;
    this.#apply = apply;
    const { signal } = this.#listeners;
    viewport.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    viewport.addEventListener("pointerdown", (event) => this.#down(event), { signal });
    viewport.addEventListener("pointermove", (event) => this.#move(event), { signal });
    for (const type of ["pointerup", "pointercancel"] as const) {
      viewport.addEventListener(type, (event) => this.#pointers.delete(event.pointerId), { signal });
    }
    viewport.addEventListener("dblclick", (event) => this.#toggle(event), { signal });
  }

  get view(): View {
    return this.#view;
  }

  /** Zooms around the centre, for buttons and keys. */
  zoom(factor: number): void {
    this.#set(zoomAt(this.#view, factor, { x: 0, y: 0 }));
  }

  fit(): void {
    this.#set(FIT);
  }

  dispose(): void {
    this.#listeners.abort();
  }

  #set(view: View): void {
    this.#view = view;
    this.#apply(view);
  }

  #fromCentre(event: MouseEvent): Point {
    const box = this.#viewport.getBoundingClientRect();
    return { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    this.#set(zoomAt(this.#view, Math.exp(-event.deltaY * WHEEL_RATE), this.#fromCentre(event)));
  }

  #toggle(event: MouseEvent): void {
    this.#set(this.#view.scale > 1 ? FIT : zoomAt(this.#view, DOUBLE_CLICK_SCALE, this.#fromCentre(event)));
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#pointers.set(event.pointerId, this.#fromCentre(event));
    if (this.#view.scale > 1 || this.#pointers.size > 1) this.#viewport.setPointerCapture(event.pointerId);
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const after = this.#fromCentre(event);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, after);
    if (other) {
      const spread =
        Math.hypot(after.x - other.x, after.y - other.y) / Math.hypot(before.x - other.x, before.y - other.y);
      const middle = { x: (after.x + other.x) / 2, y: (after.y + other.y) / 2 };
      if (Number.isFinite(spread)) this.#set(zoomAt(this.#view, spread, middle));
    } else if (this.#view.scale > 1) {
      const { scale, x, y } = this.#view;
      this.#set({ scale, x: x + after.x - before.x, y: y + after.y - before.y });
    }
  }
}
