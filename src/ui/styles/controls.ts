// Styles that every shadow root with controls shares: buttons, fields, focus. Colours come from tokens.css only.

import { css } from "lit";

export const controlStyles = css`
  :host {
    box-sizing: border-box;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  .icon {
    flex: none;
    display: block;
  }
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }
  :focus-visible {
    outline: 2px solid var(--kiln-focus);
    outline-offset: 2px;
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: var(--kiln-target);
    min-width: var(--kiln-target);
    padding: 0 14px;
    border: 1px solid var(--kiln-line);
    border-radius: var(--kiln-radius);
    background: var(--kiln-raised);
    color: var(--kiln-text);
    text-decoration: none;
    font-weight: 500;
    cursor: pointer;
    white-space: nowrap;
    transition:
      background-color 120ms,
      border-color 120ms;
  }
  .button:hover:not(:disabled) {
    background: var(--kiln-hover);
    border-color: var(--kiln-line-strong);
  }
  .button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  .button.primary {
    background: var(--kiln-accent);
    border-color: transparent;
    color: var(--kiln-on-accent);
    font-weight: 600;
  }
  .button.primary:hover:not(:disabled) {
    background: var(--kiln-accent-hover);
  }
  .button.plain {
    background: none;
    border-color: transparent;
  }
  .button.plain:hover:not(:disabled) {
    background: var(--kiln-hover);
    border-color: transparent;
  }
  .button.square {
    padding: 0;
    width: var(--kiln-target);
  }
  .button[aria-pressed="true"] {
    color: var(--kiln-accent-text);
    background: var(--kiln-accent-soft);
  }
  .field {
    width: 100%;
    min-height: var(--kiln-target);
    padding: 6px 10px;
    border: 1px solid var(--kiln-line-strong);
    border-radius: var(--kiln-radius);
    background: var(--kiln-field);
    color: var(--kiln-text);
  }
  .field:focus-visible {
    outline-offset: 0;
    border-color: transparent;
  }
  select.field {
    appearance: none;
    padding-right: 30px;
    text-overflow: ellipsis;
    background-image:
      linear-gradient(45deg, transparent 50%, var(--kiln-quiet) 50%),
      linear-gradient(-45deg, transparent 50%, var(--kiln-quiet) 50%);
    background-size: 5px 5px;
    background-position:
      right 16px center,
      right 11px center;
    background-repeat: no-repeat;
    cursor: pointer;
  }
  select.field option {
    background: var(--kiln-raised);
    color: var(--kiln-text);
  }
  .label {
    display: flex;
    align-items: center;
    gap: 6px;
    color: var(--kiln-quiet);
    font-size: 13px;
    font-weight: 500;
    line-height: 20px;
  }
  .quiet {
    color: var(--kiln-quiet);
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  /* A dot for what differs from the default; its meaning is also in the reset button's name. */
  .changed {
    width: 16px;
    height: 16px;
    padding: 0;
    border: 0;
    border-radius: 50%;
    background: radial-gradient(circle, var(--kiln-accent-text) 0 3px, transparent 3.5px);
    cursor: pointer;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`;
