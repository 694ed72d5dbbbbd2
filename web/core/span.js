// @ts-check
// span.js - spans of the past: three strips that show it, series that follow them,
// and how the gateway is asked for the traffic of one.
import { duration, when } from "./format.js";
import { listOf, number } from "./history.js";

/**
 * @typedef {{id: string, label: string, spanMs: number, stepMs: number, everyMs: number}} Strip
 *   'stepMs': what the gateway chooses for it as long as so fine is kept
 * @typedef {{from: number, to: number}} Span by the gateway's clock
 * @typedef {{key: string | null, name: string | null, device?: string | null,
 *   remote?: string | null, country?: string | null, rx: number, tx: number}} Group
 *   bytes; 'key' null: others
 * @typedef {"device" | "remote" | "pair"} Grouping
 * @typedef {{strip: string | null, from: number, to: number, device: string,
 *   remote: string, group: Grouping}} Wish  'strip': the span is all of it, and goes
 *   on with the time
 */

/** @type {Strip[]} */
export const STRIPS = [
  { id: "minute", label: "Last minute", spanMs: 60_000, stepMs: 100, everyMs: 1000 },
  { id: "hour", label: "Last hour", spanMs: 3_600_000, stepMs: 5000, everyMs: 5000 },
  { id: "day", label: "Last day", spanMs: 86_400_000, stepMs: 60_000, everyMs: 30_000 },
];
/** @type {Grouping[]} */
export const GROUPINGS = ["device", "remote", "pair"];

/** Ten of the finest steps. */
export const LEAST_MS = 1000;
/** So many times in its span a series asks whether finer steps are kept by now. */
const HOPES = 12;

/** @param {Span} span @param {number} skewMs @param {number} now by this computer's clock */
export function spanWords({ from, to }, skewMs, now) {
  const [begin, end] = [when(from + skewMs, now), when(to + skewMs, now)];
  // A day is said where it is another one than today, or than that of the beginning.
  return `${begin} to ${begin.includes(",") && !end.includes(",") ? "today, " : ""}${end}`;
}

/** How long a step is. @param {number} ms */
export const stepWords = (ms) => ms < 1000 ? `${ms}\u00a0ms` : duration(ms / 1000);

/** @param {URLSearchParams} state @returns {Wish} whatever the address says */
export function readWish(state) {
  const from = Number(state.get("from"));
  const to = Number(state.get("to"));
  const isSpan = from > 0 && to > from && Number.isFinite(to);
  const strip = STRIPS.find(({ id }) => id === state.get("span")) ?? STRIPS[1];
  return {
    strip: isSpan ? null : strip.id,
    from: isSpan ? Math.round(from) : 0, to: isSpan ? Math.round(to) : 0,
    device: state.get("device") ?? "", remote: state.get("remote") ?? "",
    group: GROUPINGS.find((g) => g === state.get("group")) ?? "device",
  };
}

/** What goes into the address. @param {Wish} w */
export const writeWish = (w) => ({
  ...(w.strip ? { span: w.strip === "hour" ? "" : w.strip } : { from: w.from, to: w.to }),
  device: w.device, remote: w.remote, group: w.group === "device" ? "" : w.group,
});

/** @param {Wish} wish @param {number} now @returns {Span} */
export function spanOf({ strip, from, to }, now) {
  const all = STRIPS.find(({ id }) => id === strip);
  return all ? { from: now - all.spanMs, to: now } : { from, to };
}

/** A span within the last day, of some length, wherever it was dragged to.
 * @param {Span} span @param {number} now @returns {Span} */
export function clampSpan({ from, to }, now) {
  const first = now - STRIPS[2].spanMs;
  const length = Math.min(Math.max(Math.abs(to - from), LEAST_MS), STRIPS[2].spanMs);
  const end = Math.min(Math.max(Math.max(from, to), first + length), now);
  return { from: Math.round(end - length), to: Math.round(end) };
}

/**
 * @param {Pick<Wish, "device" | "remote">} of
 * @param {Span} span @param {number} step 0: the finest that is kept
 * @param {Record<string, string>} [more]
 */
export function historyPath({ device, remote }, { from, to }, step, more = {}) {
  const query = new URLSearchParams({ device: device || "all", remote: remote || "all",
    from: String(Math.round(from)), to: String(Math.round(to)), ...(step && { step: String(step) }), ...more });
  return `history?${query}`;
}

/** Bytes a step, kept for as long as a strip is. All of it is asked for in the finest
 * step that is kept, what is new since then in the same. */
export class Series {
  #anewAt = 0;
  #finestMs;

  /** @param {number} spanMs @param {number} stepMs the finest that may come */
  constructor(spanMs, stepMs) {
    this.spanMs = spanMs;
    this.#finestMs = stepMs;
    this.stepMs = stepMs;
    /** @type {number[]} when each step began */
    this.at = [];
    /** @type {(number | null)[]} bits per second */
    this.rx = [];
    /** @type {(number | null)[]} */
    this.tx = [];
  }

  /** It is asked for anew. */
  clear() {
    this.at.length = this.rx.length = this.tx.length = 0;
  }

  /** What to ask for next; the last step may have gone on.
   * @param {number} now @returns {Span & {step: number}} 'step' 0: the finest */
  ask(now) {
    const from = now - this.spanMs;
    const last = this.at.at(-1);
    const mayBeFiner = this.stepMs > this.#finestMs && now >= this.#anewAt + this.spanMs / HOPES;
    if (last !== undefined && !mayBeFiner)
      return { from: Math.max(from, last - this.stepMs), to: now, step: this.stepMs };
    this.#anewAt = now;
    return { from, to: now, step: 0 };
  }

  /** @param {Record<string, unknown>} said @param {number} now */
  take({ from_ms, step_ms, rx, tx }, now) {
    const step = number(step_ms) || this.stepMs;
    const from = number(from_ms);
    const most = Math.ceil(this.spanMs / this.#finestMs) + 2;
    const ups = listOf(tx);
    if (step !== this.stepMs)
      this.clear();
    const kept = this.at.findIndex((t) => t >= from);
    if (kept >= 0)
      this.at.length = this.rx.length = this.tx.length = kept;
    const bps = (/** @type {unknown} */ n) => n === null ? null : number(n) * 8000 / step;
    const downs = listOf(rx);
    for (let i = Math.max(0, downs.length - most); i < downs.length; i++) {
      // A step that has not ended would look like a fall.
      if (from + (i + 1) * step > now)
        break;
      this.at.push(from + i * step);
      this.rx.push(bps(downs[i]));
      this.tx.push(bps(ups[i]));
    }
    this.stepMs = step;
    const old = this.at.findIndex((t) => t > now - this.spanMs - step);
    const surplus = Math.max(old < 0 ? this.at.length : old, this.at.length - most);
    for (const list of [this.at, this.rx, this.tx])
      list.splice(0, surplus);
  }
}
