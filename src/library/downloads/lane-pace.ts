// How many connections one file is worth: one more as long as each makes it clearly faster. Opens none; times are arguments.

// Long enough that a connection's slow start does not decide.
const TRIAL_MS = 2000;
const CLEAR_GAIN = 1.2;
/** More than this many connections to one host is rude. */
export const MAX_LANES = 4;

export class LanePace {
  readonly #trialMs: number;
  #lanes = 1;
  #settled = false;
  #since: number;
  #bytesThen = 0;
  /** Bytes a millisecond with one lane less. */
  #speedBefore = 0;

  constructor(now: number, trialMs = TRIAL_MS) {
    this.#since = now;
    this.#trialMs = trialMs;
  }

  /** Call with every chunk and all bytes received so far, by whichever lane. Gives how many lanes there should be. */
  measure(now: number, bytes: number): number {
    if (this.#settled || now - this.#since < this.#trialMs) return this.#lanes;
    const speed = (bytes - this.#bytesThen) / (now - this.#since);
    if (speed < this.#speedBefore * CLEAR_GAIN) {
      this.#settled = true;
      this.#lanes -= 1;
    } else if (this.#lanes < MAX_LANES) {
      this.#lanes += 1;
      this.#speedBefore = speed;
    } else this.#settled = true;
    [this.#since, this.#bytesThen] = [now, bytes];
    return this.#lanes;
  }

  /** A lane was refused or broke: the host wants one connection. */
  giveUp(): void {
    this.#settled = true;
    this.#lanes = 1;
  }
}
