// What the scrolling pages (Models, Settings) have in common: one readable column of cards.

import { css } from "lit";

export const pageStyles = css`
  :host {
    display: block;
    height: 100%;
    overflow-y: auto;
  }
  .column {
    display: grid;
    gap: 16px;
    max-width: 760px;
    margin: 0 auto;
    padding: 24px 16px 48px;
  }
  h1 {
    margin: 0;
    font-size: 24px;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  h2 {
    margin: 0 0 8px;
    font-size: 17px;
    font-weight: 600;
  }
  p {
    margin: 0 0 10px;
    max-width: 68ch;
  }
  .card {
    padding: 16px;
    border: 1px solid var(--kiln-line);
    border-radius: var(--kiln-radius-large);
    background: var(--kiln-panel);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    align-items: center;
  }
`;

/** After `pageStyles`, for a card that is an element of its own within such a page: the page scrolls, the card does not. */
export const cardHostStyles = css`
  :host {
    display: block;
    height: auto;
    overflow: visible;
  }
`;
