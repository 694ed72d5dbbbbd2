// @ts-check
// history.js - the last minute: of the boundary every 250 ms, of each device
// every second. Bounded, whatever comes.

/** What came in this time is one sample late at most. */
const MISSED = 1.8;
export const SPAN_MS = 60_000;
const TICKS_MAX = 320;
export const DEVICE_STEP_MS = 1000;
export const DEVICE_SAMPLES = 60;

/** @param {unknown} n @returns {number} what is no number is nothing */
export const number = (n) => (Number.isFinite(n) ? /** @type {number} */ (n) : 0);

/** @param {unknown} list @returns {unknown[]} */
export const listOf = (list) => (Array.isArray(list) ? list : []);

/** Rates of the whole boundary, or of what crosses it for one device; null where nothing was heard. */
export class Boundary {
  /** @param {number} [stepMs] */
  constructor(stepMs = 250) {
    /** @type {number[]} the gateway's clock, ms since 1970 */
    this.at = [];
    /** @type {(number | null)[]} */
    this.rx = [];
    /** @type {(number | null)[]} */
    this.tx = [];
    this.stepMs = stepMs;
  }

  get end() {
    return this.at.at(-1) ?? 0;
  }

  /**
   * What the gateway remembers replaces what was heard.
   * @param {Record<string, unknown>} recent
   */
  fill({ step_ms, end_ms, rx_bps, tx_bps }) {
    const rx = listOf(rx_bps).slice(-TICKS_MAX);
    const tx = listOf(tx_bps).slice(-TICKS_MAX);
    this.stepMs = number(step_ms) || this.stepMs;
    this.at = rx.map((_, i) => number(end_ms) - (rx.length - 1 - i) * this.stepMs);
    this.rx = rx.map((n) => (n === null ? null : number(n)));
    this.tx = rx.map((_, i) => (tx[i] === null ? null : number(tx[i])));
  }

  /** @param {number} at @param {number} rx @param {number} tx */
  add(at, rx, tx) {
    if (this.at.length && at <= this.end)
      this.at = this.at.filter((t) => t < at); // the gateway's clock was set back
    this.rx.length = this.tx.length = this.at.length;
    if (this.at.length && at - this.end > MISSED * this.stepMs)
      this.#push(this.end + this.stepMs, null, null);
    this.#push(at, rx, tx);
    const old = this.at.findIndex((t) => t >= at - SPAN_MS - 5000);
    const surplus = Math.max(old, this.at.length - TICKS_MAX);
    for (const list of [this.at, this.rx, this.tx])
      list.splice(0, surplus);
  }

  /** @param {number} at @param {number | null} rx @param {number | null} tx */
  #push(at, rx, tx) {
    this.at.push(at);
    this.rx.push(rx);
    this.tx.push(tx);
  }

  /** The mean of the last second: [down, up]. */
  now() {
    const mean = (/** @type {(number | null)[]} */ list) => {
      const last = list.slice(-Math.ceil(1000 / this.stepMs));
      return last.reduce((/** @type {number} */ sum, n) => sum + (n ?? 0), 0) /
        (last.length || 1);
    };
    return [mean(this.rx), mean(this.tx)];
  }

  /** The sample nearest to 'at', or -1. @param {number} at */
  nearest(at) {
    const after = this.at.findIndex((t) => t >= at);
    const i = after < 0 ? this.at.length - 1 :
      after > 0 && at - this.at[after - 1] < this.at[after] - at ? after - 1 : after;
    return i >= 0 && Math.abs(this.at[i] - at) < 2 * this.stepMs &&
      this.rx[i] !== null ? i : -1;
  }
}

/** The seconds that all devices share: which of them, by number, was when. */
export class Beats {
  constructor() {
    this.count = 0;
    this.at = 0;
  }

  /** One more, or as many as were missed. @param {number} at */
  next(at) {
    const steps = (at - this.at) / DEVICE_STEP_MS;
    // Said again within the second: the same. Clock set back: the next.
    this.count += !this.at || steps < 0 ? 1 : steps < 0.5 ? 0 :
      steps < MISSED ? 1 : Math.min(Math.round(steps), DEVICE_SAMPLES);
    this.at = at;
    return this.count;
  }

  /** The number of the second that held 'at'. @param {number} at */
  find(at) {
    return this.count - Math.round((this.at - at) / DEVICE_STEP_MS);
  }
}

/** Rates of one device: a ring by the number of the second. */
export class Minute {
  constructor() {
    this.beat = new Int32Array(DEVICE_SAMPLES).fill(-1);
    this.rx = new Float64Array(DEVICE_SAMPLES);
    this.tx = new Float64Array(DEVICE_SAMPLES);
  }

  /** @param {number} beat @param {number} rx @param {number} tx */
  set(beat, rx, tx) {
    const slot = ((beat % DEVICE_SAMPLES) + DEVICE_SAMPLES) % DEVICE_SAMPLES;
    this.beat[slot] = beat;
    this.rx[slot] = rx;
    this.tx[slot] = tx;
  }

  /** [down, up] of a second; null: nothing was heard then. @param {number} beat */
  get(beat) {
    const slot = ((beat % DEVICE_SAMPLES) + DEVICE_SAMPLES) % DEVICE_SAMPLES;
    return this.beat[slot] === beat ? [this.rx[slot], this.tx[slot]] : null;
  }
}
