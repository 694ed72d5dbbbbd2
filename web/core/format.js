// @ts-check
// format.js - numbers and names for people: three significant digits, one style.

/** @typedef {{number: string, unit: string}} Quantity */

const BYTES = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
const BITS = ["b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s", "Pb/s", "Eb/s"];

/**
 * @param {number} n
 * @param {string[]} units
 * @returns {Quantity}
 */
function scaled(n, units) {
  let step = 0;
  // 999.5 would be written as 1000.
  while (n >= 999.5 && step < units.length - 1) {
    n /= 1000;
    step++;
  }
  const digits = step === 0 || n >= 99.95 ? 0 : n >= 9.995 ? 1 : 2;
  return { number: n.toFixed(digits), unit: units[step] };
}

/** @param {number} n */
export const bytes = (n) => scaled(n, BYTES);

/** @param {number} n bits per second */
export const rate = (n) => scaled(n, BITS);

/**
 * In a table, nothing is a dash.
 * @param {number} n
 * @param {(n: number) => Quantity} style
 * @returns {Quantity}
 */
export const orDash = (n, style) =>
  n ? style(n) : { number: "\u2013", unit: "" };

/** @param {Quantity} quantity */
export const inWords = ({ number, unit }) => `${number}\u00a0${unit}`;

/** A share; nothing of nothing is none. @param {number} part @param {number} of */
export function percent(part, of) {
  const n = of ? 100 * part / of : 0;
  if (n && n < 0.05)
    return "<\u00a00.1\u00a0%";
  return `${n.toFixed(n && n < 9.95 ? 1 : 0)}\u00a0%`;
}

/** @param {number} n */
export const count = (n) => n.toLocaleString("en");

/**
 * The two largest units: "3 d 4 h", "5 min", "12 s".
 * @param {number} seconds
 */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(s / 86400), "d"],
    [Math.floor(s / 3600) % 24, "h"],
    [Math.floor(s / 60) % 60, "min"],
    [s % 60, "s"],
  ];
  const first = parts.findIndex(([n]) => n);
  if (first < 0)
    return "0 s";
  // Minutes with seconds would never stand still.
  const few = parts.slice(first, first >= 2 ? first + 1 : first + 2);
  return few.filter(([n]) => n).map(([n, unit]) => `${n}\u00a0${unit}`).join(" ");
}

/**
 * Milliseconds since 1970 as "now" or "5 min ago".
 * @param {number | null} at
 * @param {number} now
 */
export function ago(at, now) {
  if (at === null)
    return "not yet";
  const seconds = (now - at) / 1000;
  return seconds < 10 ? "now" : `${duration(seconds)} ago`;
}

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** @param {number} at milliseconds since 1970 */
export const timeOfDay = (at) => clock.format(at);

const minutes = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });

/** @param {number} at */
export const shortTime = (at) => minutes.format(at);

const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** The time, and the day unless it is today. @param {number} at @param {number} now */
export const when = (at, now) => days.format(at) === days.format(now) ? timeOfDay(at) :
  `${days.format(at)}, ${timeOfDay(at)}`;

/**
 * What a device calls itself, without what would steer the text around it:
 * control characters and those that turn the direction of writing.
 * @param {string} name
 */
export const tame = (name) => name.replace(
  /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, "\ufffd");
