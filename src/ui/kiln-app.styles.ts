// Layout of the frame: a top bar when wide; when narrow, a slim bar above and the pages' links at the thumb's edge.

import { css } from "lit";

export const kilnAppStyles = css`
  :host {
    display: grid;
    grid-template-rows: var(--kiln-bar) minmax(0, 1fr);
    grid-template-columns: minmax(0, 1fr);
    height: 100dvh;
  }
  header {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 0 10px 0 16px;
    background: var(--kiln-panel);
    border-bottom: 1px solid var(--kiln-line);
  }
  .brand {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: var(--kiln-target);
    margin-right: 14px;
    color: var(--kiln-accent-text);
    text-decoration: none;
    font-size: 17px;
    letter-spacing: -0.01em;
  }
  .brand b {
    color: var(--kiln-text);
    font-weight: 650;
  }
  nav {
    display: flex;
    gap: 4px;
  }
  .link {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    min-height: var(--kiln-target);
    padding: 0 12px;
    border-radius: var(--kiln-radius);
    color: var(--kiln-quiet);
    text-decoration: none;
    font-weight: 500;
  }
  .link:hover {
    background: var(--kiln-hover);
  }
  .link[aria-current="page"] {
    color: var(--kiln-text);
    background: var(--kiln-hover);
  }
  .link[aria-current="page"] .icon {
    color: var(--kiln-accent-text);
  }
  .right {
    display: flex;
    align-items: center;
    gap: 4px;
    margin-left: auto;
  }
  main {
    min-height: 0;
    position: relative;
  }
  .page {
    height: 100%;
    min-height: 0;
  }
  @media (max-width: 999px) {
    :host {
      grid-template-rows: 44px minmax(0, 1fr) auto;
    }
    header {
      display: contents;
    }
    .brand {
      grid-row: 1;
      grid-column: 1;
      margin: 0;
      padding-left: 14px;
      background: var(--kiln-panel);
      min-height: 44px;
    }
    .right {
      grid-row: 1;
      grid-column: 1;
      justify-self: end;
    }
    .keys {
      display: none;
    }
    main {
      grid-row: 2;
    }
    nav {
      grid-row: 3;
      justify-content: space-around;
      padding: 4px max(8px, env(safe-area-inset-left)) calc(4px + env(safe-area-inset-bottom));
      background: var(--kiln-panel);
      border-top: 1px solid var(--kiln-line);
    }
    .link {
      flex: 1;
      flex-direction: column;
      gap: 2px;
      padding: 4px 2px;
      justify-content: center;
      font-size: 12px;
      background: none !important;
    }
    .link[aria-current="page"] {
      color: var(--kiln-accent-text);
    }
  }
`;
