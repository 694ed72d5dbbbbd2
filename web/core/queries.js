// @ts-check
// queries.js - what devices asked for, as people would tell it: one row for what
// was asked in one breath, of whatever types, however often.

/**
 * @typedef {{at_ms: number, device: string | null, hostname: string | null,
 *   name: string, type: string, answer: string | null, rcode: string, why: string,
 *   list: string | null, took_us: number}} Query
 * @typedef {{key: string, at_ms: number, device: string | null,
 *   hostname: string | null, name: string, types: string[], answers: string[],
 *   rcode: string, why: string, list: string | null, took_us: number,
 *   times: number}} Asked
 */

const BREATH_MS = 1500;
const TYPES_MAX = 6;
const ANSWERS_MAX = 8;

/** @type {Record<string, string>} */
const RCODES = {
  NOERROR: "nothing of that kind", NXDOMAIN: "no such name", SERVFAIL: "failed",
  REFUSED: "refused",
};

/** @param {string[]} list @param {string | null} item @param {number} max */
function note(list, item, max) {
  if (item && list.length < max && !list.includes(item))
    list.push(item);
}

/** @param {Query} q @returns {Asked} */
const begin = (q) => ({
  key: `${q.at_ms} ${q.device} ${q.name} ${q.why}`, at_ms: q.at_ms, device: q.device,
  hostname: q.hostname, name: q.name, types: [], answers: [], rcode: q.rcode,
  why: q.why, list: q.list, took_us: 0, times: 0,
});

/**
 * @param {Query[]} queries oldest first
 * @returns {Asked[]} newest first
 */
export function inBreaths(queries) {
  /** @type {Map<string, Asked>} the latest of each */
  const open = new Map();
  /** @type {Asked[]} */
  const all = [];

  for (const q of queries) {
    const id = `${q.device} ${q.name} ${q.why} ${q.list}`;
    let asked = open.get(id);
    if (!asked || q.at_ms - asked.at_ms > BREATH_MS) {
      asked = begin(q);
      open.set(id, asked);
      all.push(asked);
    }
    asked.at_ms = q.at_ms;
    asked.times++;
    asked.took_us = Math.max(asked.took_us, q.took_us);
    note(asked.types, q.type, TYPES_MAX);
    note(asked.answers, q.answer, ANSWERS_MAX);
    // That one kind is missing does not matter where another is there.
    if (q.rcode !== "NOERROR")
      asked.rcode = q.rcode;
  }
  return all.sort((a, b) => b.at_ms - a.at_ms);
}

/** @param {Asked} asked */
export function answerWords({ answers, rcode }) {
  if (!answers.length)
    return RCODES[rcode] ?? rcode;
  const more = answers.length > 2 ? `, ${answers.length - 2} more` : "";
  return answers.slice(0, 2).join(", ") + more;
}

/** @param {Asked} asked */
export const whyWords = ({ why, list }) =>
  why === "blocked" ? `blocked by ${list ?? "a list"}` : why;

/** @param {number} us */
export function tookWords(us) {
  const digits = us < 10_000 ? 1 : 0;
  return us < 100 ? "<\u00a00.1\u00a0ms" : `${(us / 1000).toFixed(digits)}\u00a0ms`;
}

/** What names are answered by, or not; "": any of it. */
export const WHYS = ["", "cache", "upstream", "local", "blocked", "stale", "rebind", "refused",
  "failed"];

/** What is looked for, whatever the address says. @param {URLSearchParams} state */
export function readLog(state) {
  const why = state.get("why") ?? "";
  return { device: state.get("device") ?? "", name: state.get("name") ?? "",
    why: WHYS.includes(why) ? why : "" };
}

/** How the log is asked for. @param {Record<string, string | number>} wish */
export function logPath(wish) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(wish))
    if (value !== "")
      query.set(key, String(value));
  return `dns/log?${query}`;
}
