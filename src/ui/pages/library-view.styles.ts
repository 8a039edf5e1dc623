// Layout of the library: one scrolling column as wide as the window, with the filter at its top edge.

import { css } from "lit";

export const libraryViewStyles = css`
  :host {
    display: block;
    height: 100%;
    overflow-y: auto;
  }
  .bar {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 8px;
    padding: 10px 20px;
    position: sticky;
    top: 0;
    z-index: 1;
    background: var(--kiln-ground);
  }
  lit-virtualizer {
    padding-bottom: 24px;
  }
  .empty {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 10px;
    padding: 48px 20px;
    color: var(--kiln-quiet);
    text-align: center;
  }
  .empty .icon {
    width: 44px;
    height: 44px;
  }
  .empty p {
    margin: 0;
    max-width: 52ch;
  }
  @media (max-width: 999px) {
    .bar {
      position: static;
      padding-inline: 12px;
    }
  }
`;
