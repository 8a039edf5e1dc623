// Layout of the Gallery page: a bar, and below it the grid that scrolls by itself.

import { css } from "lit";

export const galleryPageStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100%;
  }
  .bar {
    display: flex;
    align-items: center;
    gap: 10px;
    padding: 10px 16px;
    background: var(--kiln-panel);
    border-bottom: 1px solid var(--kiln-line);
  }
  .search {
    position: relative;
    flex: 1;
    max-width: 420px;
    min-width: 0;
  }
  .search .icon {
    position: absolute;
    left: 10px;
    top: 10px;
    color: var(--kiln-quiet);
  }
  .search .field {
    padding-left: 38px;
  }
  .count {
    margin-left: auto;
    font-size: 14px;
    white-space: nowrap;
  }
  .grid {
    flex: 1;
    min-height: 0;
  }
  .tile {
    position: relative;
  }
  .open {
    display: block;
    width: 100%;
    height: 100%;
    padding: 0;
    border: 0;
    background: none;
    border-radius: var(--kiln-radius);
    overflow: hidden;
    cursor: pointer;
  }
  .tile kiln-stored-picture {
    height: 100%;
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
    filter: drop-shadow(0 1px 3px rgb(0 0 0 / 80%));
    opacity: 0;
    cursor: pointer;
  }
  .tile:hover .star,
  .star:focus-visible,
  .star.on {
    opacity: 1;
  }
  .empty {
    flex: 1;
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 12px;
    padding: 24px;
    text-align: center;
    color: var(--kiln-quiet);
  }
  .empty > .icon {
    width: 44px;
    height: 44px;
  }
  @media (max-width: 999px) {
    .word {
      display: none;
    }
    .bar {
      padding: 8px 12px;
    }
  }
`;
