// Layout of the lightbox: picture and metadata side by side, one above the other when narrow.

import { css } from "lit";

export const pictureLightboxStyles = css`
  dialog {
    position: fixed;
    inset: 0;
    width: 100vw;
    height: 100dvh;
    max-width: none;
    max-height: none;
    margin: 0;
    padding: 0;
    border: 0;
    background: var(--kiln-stage);
    color: var(--kiln-text);
  }
  dialog[open] {
    display: grid;
    grid-template-columns: minmax(0, 1fr) 360px;
  }
  .stage {
    position: relative;
    min-height: 0;
    display: grid;
  }
  .step {
    position: absolute;
    top: calc(50% - 24px);
    width: 48px;
    height: 48px;
    background: color-mix(in oklab, var(--kiln-panel) 70%, transparent);
  }
  .previous {
    left: 10px;
  }
  .next {
    right: 10px;
  }
  .close {
    position: absolute;
    left: 10px;
    top: 10px;
  }
  .gone {
    display: grid;
    place-content: center;
    height: 100%;
    margin: 0;
    color: var(--kiln-quiet);
  }
  aside {
    overflow-y: auto;
    padding: 16px;
    background: var(--kiln-panel);
    border-left: 1px solid var(--kiln-line);
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin-bottom: 18px;
  }
  .actions .primary {
    flex: 1 1 100%;
  }
  .actions .button:not(.primary) {
    flex: 1 1 auto;
    font-size: 14px;
  }
  h2 {
    margin: 0 0 4px;
    font-size: 13px;
    font-weight: 600;
    color: var(--kiln-quiet);
  }
  .text {
    margin: 0 0 14px;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  dl {
    margin: 0;
    font-size: 14px;
  }
  dl div {
    display: grid;
    grid-template-columns: 118px minmax(0, 1fr);
    gap: 10px;
    padding: 6px 0;
    border-top: 1px solid var(--kiln-line);
  }
  dt {
    color: var(--kiln-quiet);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
    font-variant-numeric: tabular-nums;
  }
  @media (max-width: 999px) {
    dialog[open] {
      grid-template-columns: 1fr;
      grid-template-rows: minmax(0, 55%) minmax(0, 1fr);
    }
    aside {
      border-left: 0;
      border-top: 1px solid var(--kiln-line);
    }
  }
`;
