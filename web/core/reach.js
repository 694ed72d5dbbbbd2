// @ts-check
// reach.js - how far back each fineness of the history goes, in words.
import { shortTime } from "./format.js";
import { listOf, number } from "./history.js";

const DAY_MS = 86_400_000;
/** The day is as long as that of the coarsest step. */
const NEARLY_MS = 120_000;
/** @type {Record<number, string>} */
const WORDS = { 100: "tenths of a second", 1000: "seconds", 60_000: "minutes" };

/** @param {number} at @param {number} now */
function fromWords(at, now) {
  const dayOf = (/** @type {number} */ t) => new Date(t).toDateString();
  if (at <= now - DAY_MS + NEARLY_MS)
    return "for 24\u00a0hours";
  return `since ${dayOf(at) === dayOf(now) ? "" : "yesterday "}${shortTime(at)}`;
}

/**
 * What goes no further back than something finer is not told of.
 * @param {unknown} tiers as the history has them, the finest first
 * @param {number} skewMs this computer's clock less the gateway's
 * @param {number} now by this computer's clock
 */
export function reachWords(tiers, skewMs, now) {
  /** @type {string[]} */
  const parts = [];
  let reached = Infinity;
  for (const tier of listOf(tiers)) {
    const { step_ms, from_ms } = /** @type {Record<string, unknown>} */ (tier ?? {});
    const step = number(step_ms);
    const at = number(from_ms) + skewMs;
    // A step begins where its own clock has it, before the finer one within.
    if (!(step in WORDS) || !number(from_ms) || at >= reached - step)
      continue;
    parts.push(`${WORDS[step]} ${fromWords(at, now)}`);
    reached = at;
  }
  return parts.length ? `Kept: ${parts.join(", ")}.` : "";
}
