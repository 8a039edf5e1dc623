// Layout of one download: words and buttons on a line, the bar below, and below that what went wrong.

import { css } from "lit";

export const downloadRowStyles = css`
  :host {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 6px;
    padding: 10px 8px 12px 16px;
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 8px;
    align-items: center;
  }
  /* On a phone the buttons go below the words. */
  .text {
    flex: 1 1 200px;
    min-width: 0;
  }
  .title {
    overflow: hidden;
    font-weight: 600;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .facts {
    font-size: 13px;
    font-variant-numeric: tabular-nums;
  }
  .buttons,
  .remedy {
    display: flex;
    flex-wrap: wrap;
    gap: 2px;
  }
  .buttons {
    flex: none;
    flex-wrap: nowrap;
    margin-left: auto;
  }
  .remedy {
    gap: 8px;
  }
  wa-progress-bar {
    --track-height: 6px;
    margin-right: 8px;
  }
  .error {
    display: flex;
    gap: 8px;
    align-items: flex-start;
    margin: 0;
    padding-right: 8px;
    font-size: 14px;
    overflow-wrap: anywhere;
  }
  .error .icon {
    color: var(--kiln-danger-text);
  }
`;
