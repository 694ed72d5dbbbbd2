// @ts-check
// line.js - how the line to the provider did, minute by minute: what the gateway says
// of it, and what some of it adds up to.
import { listOf, number } from "./history.js";

/**
 * @typedef {{at: number, latency: number | null, asked: number, lost: number}} LineMinute
 *   of which something is known; 'latency' in milliseconds, null: nothing was answered
 * @typedef {{latency: number | null, slowest: LineMinute | null, asked: number,
 *   lost: number}} LineSum
 * @typedef {import("./span.js").Span} Span
 */

export const MINUTE_MS = 60_000;

/** @param {Record<string, unknown>} said @returns {LineMinute[]} oldest first */
export function minutesOf({ from_ms, latency_ms, asked, lost }) {
  const latencies = listOf(latency_ms);
  const losses = listOf(lost);
  return listOf(asked).flatMap((n, i) => n ? [{
    at: number(from_ms) + i * MINUTE_MS, asked: number(n), lost: number(losses[i]),
    latency: latencies[i] === null ? null : number(latencies[i]),
  }] : []);
}

/** Those that have a part in a span. @param {LineMinute[]} minutes @param {Span} span */
export const within = (minutes, { from, to }) =>
  minutes.filter(({ at }) => at + MINUTE_MS > from && at < to);

/** @param {LineMinute[]} minutes @returns {LineSum} */
export function sumUp(minutes) {
  const answered = minutes.filter(({ latency }) => latency !== null)
    .sort((a, b) => (a.latency ?? 0) - (b.latency ?? 0));
  return {
    latency: answered[answered.length >> 1]?.latency ?? null,
    slowest: answered.at(-1) ?? null,
    asked: minutes.reduce((n, m) => n + m.asked, 0),
    lost: minutes.reduce((n, m) => n + m.lost, 0),
  };
}

/** For a chart: every minute of a span, those that nothing is known of as gaps.
 * @param {LineMinute[]} minutes @param {Span} span
 * @returns {{at: number[], latency: (number | null)[], loss: (number | null)[]}} */
export function everyMinute(minutes, { from, to }) {
  const known = new Map(minutes.map((m) => [m.at, m]));
  const first = Math.floor(from / MINUTE_MS) * MINUTE_MS;
  const at = Array.from({ length: Math.ceil((to - first) / MINUTE_MS) },
    (_, i) => first + i * MINUTE_MS);
  const all = at.map((t) => known.get(t));
  return { at, latency: all.map((m) => m?.latency ?? null),
    loss: all.map((m) => m ? m.lost / m.asked : null) };
}
