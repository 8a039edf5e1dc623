// Layout of the Generate page: three columns when wide, a stage with a dock when narrow.

import { css } from "lit";

export const generatePageStyles = css`
  :host {
    display: block;
    height: 100%;
    min-height: 0;
  }
  .wide {
    display: grid;
    grid-template-columns: minmax(340px, 380px) minmax(0, 1fr) minmax(200px, 232px);
    height: 100%;
  }
  .recipe {
    display: flex;
    flex-direction: column;
    min-height: 0;
    background: var(--kiln-panel);
    border-right: 1px solid var(--kiln-line);
  }
  .prompts {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 10px;
    padding: 14px 16px;
    border-bottom: 1px solid var(--kiln-line);
  }
  .negative {
    --prompt-min: 44px;
    --prompt-max: 20vh;
  }
  .prompt {
    --prompt-max: 26vh;
  }
  .parameters {
    flex: 1;
    min-height: 0;
    overflow-y: auto;
    padding: 12px 16px 24px;
    scrollbar-width: thin;
  }
  .middle {
    display: flex;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
    background: var(--kiln-stage);
  }
  kiln-picture-stage {
    flex: 1;
  }
  .middle kiln-error-note {
    padding: 12px 16px 0;
  }
  .side {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    align-content: start;
    gap: 14px;
    padding: 14px;
    overflow-y: auto;
    background: var(--kiln-panel);
    border-left: 1px solid var(--kiln-line);
    scrollbar-width: thin;
  }
  .gone {
    display: grid;
    place-content: center;
    height: 100%;
    margin: 0;
    padding: 24px;
    text-align: center;
  }
  /* As high for a job as for a picture, so that the stage does not jump when one becomes the other. */
  .caption {
    flex: none;
    height: 54px;
  }
  p.caption {
    margin: 0;
    padding: 8px 12px;
    font-size: 13px;
    overflow: hidden;
    background: var(--kiln-stage);
  }
  .hint {
    margin: 0;
    font-size: 14px;
  }
  .narrow {
    display: flex;
    flex-direction: column;
    height: 100%;
  }
  .narrow kiln-error-note {
    padding: 8px;
  }
  .narrow kiln-film-strip {
    flex: none;
    background: var(--kiln-stage);
  }
  .dock {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 8px;
    padding: 8px 12px;
    background: var(--kiln-panel);
    border-top: 1px solid var(--kiln-line);
  }
  .dock .prompt {
    --prompt-min: 62px;
    --prompt-max: 24vh;
  }
  .actions {
    display: flex;
    gap: 8px;
  }
  .actions kiln-generate-bar {
    flex: 1;
    min-width: 0;
  }
  .tall {
    min-height: 48px;
    width: 48px;
  }
  .sheet {
    display: grid;
    gap: 12px;
  }
  wa-drawer {
    --size: 76vh;
    --spacing: 14px;
  }
`;
