// What our own dialogs look like: a sheet at the right edge when there is room, the whole screen on a phone.

import { css } from "lit";

export const sheetStyles = css`
  dialog {
    width: min(680px, 100vw);
    max-width: none;
    height: 100dvh;
    max-height: none;
    margin: 0 0 0 auto;
    padding: 0;
    border: 0;
    border-left: 1px solid var(--kiln-line);
    background: var(--kiln-panel);
    color: var(--kiln-text);
    box-shadow: var(--kiln-shadow);
    overflow-y: auto;
    overscroll-behavior: contain;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 45%);
  }
  .sheet-head {
    position: sticky;
    top: 0;
    z-index: 2;
    display: flex;
    gap: 8px;
    align-items: center;
    padding: 8px 8px 8px 20px;
    background: var(--kiln-panel);
    border-bottom: 1px solid var(--kiln-line);
  }
  .sheet-head h2 {
    flex: 1;
    min-width: 0;
    margin: 0;
    overflow: hidden;
    font-size: 18px;
    font-weight: 650;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .sheet-body {
    display: grid;
    gap: 20px;
    padding: 20px 20px calc(28px + env(safe-area-inset-bottom));
  }
  h3 {
    margin: 0 0 8px;
    font-size: 15px;
    font-weight: 600;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    align-items: center;
  }
  .words {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
  }
  .word {
    min-height: var(--kiln-target);
    padding: 0 14px;
    border: 1px solid var(--kiln-line-strong);
    border-radius: 20px;
    background: var(--kiln-raised);
    text-align: left;
    overflow-wrap: anywhere;
    cursor: pointer;
  }
  .word:hover {
    background: var(--kiln-hover);
  }
  dl {
    display: grid;
    grid-template-columns: minmax(110px, auto) minmax(0, 1fr);
    gap: 4px 16px;
    margin: 0;
    font-size: 14px;
  }
  dt {
    color: var(--kiln-quiet);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  a:not(.button) {
    color: var(--kiln-accent-text);
  }
  .mono {
    font: 12.5px/1.6 var(--kiln-mono);
  }
`;
