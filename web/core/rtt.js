// @ts-check
// rtt.js - how long a way and back takes, in words: my Wi-Fi or my provider?

/** @param {number | null | undefined} us @returns {string} "": not measured */
export function rttWords(us) {
  if (us === null || us === undefined)
    return "";
  return us < 950 ? "<\u00a01\u00a0ms" : `${(us / 1000).toFixed(us < 9950 ? 1 : 0)}\u00a0ms`;
}

/** What is still quick: on a cable or good Wi-Fi, and across a continent. */
const LAN_QUICK_US = 20_000;
const WAN_QUICK_US = 120_000;

/**
 * My Wi-Fi or my provider?
 * @param {number | null | undefined} lan @param {number | null | undefined} wan us
 */
export function rttVerdict(lan, wan) {
  if ((lan ?? null) === null && (wan ?? null) === null)
    return "Measured when it opens connections.";
  const isSlowHome = (lan ?? 0) > LAN_QUICK_US;
  const isSlowWorld = (wan ?? 0) > WAN_QUICK_US;
  if (isSlowHome && isSlowWorld)
    return "Slow at home and beyond.";
  if (isSlowHome)
    return "The home is slow: its Wi-Fi or cable, not the provider.";
  if (isSlowWorld)
    return "The way beyond the gate is slow, not the home.";
  return "Quick at home and beyond.";
}
