// Layout of a model's card: the picture takes what the text leaves, so that cards of one row are equally high.

import { css } from "lit";

export const modelCardStyles = css`
  :host {
    position: relative;
    container-type: inline-size;
    display: flex;
    flex-direction: column;
    overflow: hidden;
    border: 1px solid var(--kiln-line);
    border-radius: var(--kiln-radius-large);
    background: var(--kiln-panel);
  }
  :host([marked]) {
    border-color: var(--kiln-accent);
    box-shadow: 0 0 0 1px var(--kiln-accent);
  }
  .picture {
    position: relative;
    flex: 1;
    min-height: 0;
    padding: 0;
    border: 0;
    background: none;
    cursor: pointer;
  }
  .picture:focus-visible {
    outline-offset: -2px;
  }
  kiln-model-preview {
    width: 100%;
    height: 100%;
  }
  .badges {
    position: absolute;
    left: 8px;
    top: 8px;
    display: grid;
    gap: 4px;
    justify-items: start;
  }
  .badge {
    padding: 2px 9px;
    border-radius: 10px;
    background: var(--kiln-raised);
    color: var(--kiln-text);
    font-size: 12px;
    font-weight: 550;
  }
  .tick {
    position: absolute;
    right: 8px;
    top: 8px;
    display: grid;
    place-content: center;
    width: 28px;
    height: 28px;
    border: 2px solid white;
    border-radius: 8px;
    background: rgb(0 0 0 / 35%);
    color: white;
  }
  :host([marked]) .tick {
    background: var(--kiln-accent);
    color: var(--kiln-on-accent);
  }
  .star {
    position: absolute;
    right: 4px;
    top: 4px;
    display: grid;
    place-items: center;
    width: var(--kiln-target);
    height: var(--kiln-target);
    border: 0;
    border-radius: 50%;
    background: none;
    color: white;
    filter: drop-shadow(0 0 2px rgb(0 0 0 / 85%));
    cursor: pointer;
  }
  .body {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 2px;
    padding: 10px 12px 12px;
  }
  .name,
  .facts {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .name {
    font-weight: 600;
  }
  .facts {
    color: var(--kiln-quiet);
    font-size: 13px;
  }
  .hash {
    font: 12px var(--kiln-mono);
  }
  .words {
    display: flex;
    flex-wrap: wrap;
    gap: 4px;
    align-content: flex-start;
    height: 60px;
    margin-top: 4px;
    overflow: hidden;
  }
  /* Two to a row, so that three always fit. */
  .word {
    max-width: calc(50% - 2px);
    height: 28px;
    padding: 0 9px;
    overflow: hidden;
    border: 1px solid var(--kiln-line);
    border-radius: 14px;
    background: var(--kiln-raised);
    color: var(--kiln-text);
    font-size: 12.5px;
    text-overflow: ellipsis;
    white-space: nowrap;
    cursor: pointer;
  }
  .word:only-child {
    max-width: 100%;
  }
  .word:hover {
    border-color: var(--kiln-line-strong);
  }
  .word:focus-visible {
    outline-offset: -2px;
  }
  .actions {
    display: flex;
    gap: 6px;
    margin-top: 8px;
  }
  .use {
    flex: 1;
    min-width: 0;
    padding: 0 8px;
  }
  .button.square {
    flex: none;
  }
  /* The picture and the menu open the details too. */
  @container (max-width: 200px) {
    .second,
    .dot {
      display: none;
    }
    /* Digits that are cut off name nothing. */
    .hash {
      display: block;
    }
  }
`;
