// Rows of a name and two narrow things beside it, as the storage view's cards list them.

import { css } from "lit";

export const rowListStyles = css`
  .list {
    display: grid;
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .list li {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto auto;
    gap: 12px;
    align-items: center;
    min-height: 48px;
    border-top: 1px solid var(--kiln-line);
    overflow-wrap: anywhere;
  }
  .good {
    display: flex;
    gap: 8px;
    align-items: center;
    margin-top: 12px;
  }
  .good .icon {
    color: var(--kiln-good-text);
  }
`;
