// @ts-check
// cone.js - what the NAT found out about itself, in words.

/**
 * @typedef {{proto: string, type: string | null, mapping?: string, filtering?: string,
 *   port_kept?: boolean, hairpin?: boolean, problem: string | null}} Cone
 */

/** @type {Record<string, string>} */
const TYPES = {
  "full cone": "Full cone", "restricted cone": "Restricted cone",
  "port-restricted cone": "Port-restricted", symmetric: "Symmetric",
};
/** @type {Record<string, string>} */
const PROBLEMS = {
  no_wan: "There is no internet to ask about.",
  table_full: "The tables are full: nothing was tried, so that nobody loses a connection.",
};

/** One word for both. @param {Cone[]} cones */
export function typeWords(cones) {
  const types = [...new Set(cones.map(({ type }) => type && (TYPES[type] ?? type)))];
  if (!cones.length || types.some((type) => !type))
    return "Not known";
  return types.length === 1 ? String(types[0]) : "Mixed";
}

/** @param {Cone} c */
function faults({ mapping, filtering, port_kept, hairpin }) {
  const free = "endpoint-independent";
  return [mapping === free ? "" : "another port for each remote",
    filtering === free ? "" : "closed to who was not spoken to",
    port_kept ? "" : "its own port was taken",
    hairpin ? "" : "not reached from home by the outside address"].filter(Boolean);
}

/** What was tried and how it went. @param {Cone[]} cones */
export function coneWords(cones) {
  const problem = cones.find((c) => !c.type);
  if (!cones.length || problem)
    return Object.hasOwn(PROBLEMS, problem?.problem ?? "") ? PROBLEMS[problem?.problem ?? ""] :
      "It could not be tried now.";
  const bad = cones.flatMap((c) => faults(c).map((words) => `${c.proto.toUpperCase()}: ${words}`));
  return bad.length ? `${bad.join("; ")}.` :
    "TCP and UDP: one port for all remotes, open to all of them, also from home.";
}

/** Those that are not routed in the internet: somebody translates once more. RFC 1918,
 * 6598. @param {string | null | undefined} address */
export function isBehindAnother(address) {
  const [a, b] = (address ?? "").split(".").map(Number);
  return a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b < 128);
}
