// The whole window as a place to drop things: shows that it is one, and hands over what was dropped. Reads nothing.

import { localized, msg } from "@lit/localize";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { Dropped } from "../dropped.ts";
import { fireEvent } from "../fire-event.ts";
import { icon } from "../icons.ts";
import { controlStyles } from "../styles/controls.ts";

declare global {
  interface KilnEvents {
    "anything-drop": Dropped;
  }
  interface HTMLElementTagNameMap {
    "kiln-drop-target": DropTarget;
  }
}

const TAKEN_TYPES = ["Files", "text/plain", "text/uri-list"];

/** @event anything-drop */
@localized()
@customElement("kiln-drop-target")
export class DropTarget extends LitElement {
  static override styles = [
    controlStyles,
    css`
      .cover {
        position: fixed;
        inset: 0;
        z-index: 20;
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 10px;
        background: color-mix(in oklab, var(--kiln-ground) 84%, transparent);
        border: 3px dashed var(--kiln-accent-text);
        text-align: center;
        pointer-events: none;
      }
      .cover .icon {
        width: 48px;
        height: 48px;
        color: var(--kiln-accent-text);
      }
      b {
        font-size: 20px;
      }
    `,
  ];

  @state() private over = false;
  /** Enter and leave come in pairs for every element the pointer crosses. */
  #depth = 0;
  #listeners?: AbortController;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    addEventListener("dragenter", (event) => this.#cross(event, 1), { signal });
    addEventListener("dragleave", (event) => this.#cross(event, -1), { signal });
    addEventListener("dragover", (event) => this.#takes(event) && event.preventDefault(), { signal });
    addEventListener("drop", (event) => this.#drop(event), { signal });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#listeners?.abort();
  }

  #takes(event: DragEvent): boolean {
    const types = event.dataTransfer?.types ?? [];
    // Text dragged into a text field is an edit of that field.
    const inField = event.composedPath()[0] instanceof HTMLTextAreaElement && !types.includes("Files");
    return !inField && TAKEN_TYPES.some((type) => types.includes(type));
  }

  #cross(event: DragEvent, change: 1 | -1): void {
    if (!this.#takes(event)) return;
    this.#depth = Math.max(0, this.#depth + change);
    this.over = this.#depth > 0;
  }

  #drop(event: DragEvent): void {
    this.#depth = 0;
    this.over = false;
    if (!this.#takes(event) || !event.dataTransfer) return;
    event.preventDefault();
    // The data can be read only now, not after an await.
    const { files, handles, folders } = splitItems(event.dataTransfer.items);
    const text = files.length + folders.length > 0 ? "" : event.dataTransfer.getData("text/plain");
    if (files.length + folders.length > 0 || text !== "")
      fireEvent(this, "anything-drop", { files, handles, folders, text });
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.over) return nothing;
    return html`<div class="cover">
      ${icon("drop")}
      <b>${msg("Drop it anywhere")}</b>
      <span
        >${msg("A picture restores its parameters, a .safetensors, .ckpt or .onnx file or a folder of a model becomes a model, text becomes the prompt.")}</span
      >
    </div>`;
  }
}

// Declared here because no type library has it: only Chromium gives a handle with which a dropped file can be read again.
interface WithHandle {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

async function fileHandle(item: DataTransferItem & WithHandle): Promise<FileSystemFileHandle | undefined> {
  const handle = await item.getAsFileSystemHandle?.();
  return handle?.kind === "file" ? (handle as FileSystemFileHandle) : undefined;
}

/** A dropped folder is a file too, one that cannot be read. */
function splitItems(items: DataTransferItemList): {
  readonly files: readonly File[];
  readonly handles: readonly Promise<FileSystemFileHandle | undefined>[];
  readonly folders: readonly FileSystemDirectoryEntry[];
} {
  const files: File[] = [];
  const handles: Promise<FileSystemFileHandle | undefined>[] = [];
  const folders: FileSystemDirectoryEntry[] = [];
  for (const item of items) {
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry?.isDirectory) folders.push(entry as FileSystemDirectoryEntry);
    else if (file) {
      files.push(file);
      handles.push(fileHandle(item));
    }
  }
  return { files, handles, folders };
}
