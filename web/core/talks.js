// @ts-check
// talks.js - who a device talks to: its flows, added up by whom they are with and
// over what; rates from what each flow has moved since it was last looked at.

/**
 * @typedef {{proto: string, inside: string, remote: string, state: string,
 *   name: string | null, device?: string | null, country?: string | null,
 *   rtt_us?: number | null, rx_bytes: number, tx_bytes: number, age_ms: number,
 *   idle_ms: number, carried_by: string}} Flow
 * @typedef {{key: string, who: string, address: string, proto: string, port: string,
 *   country: string | null, rtt_us: number | null, age_ms: number, idle_ms: number,
 *   rx: number, tx: number, rx_bps: number, tx_bps: number, flows: number,
 *   express: boolean}} Talk
 */

/** @param {string} endpoint "1.2.3.4:5" or "[::1]:5" */
export function splitEndpoint(endpoint) {
  const colon = endpoint.lastIndexOf(":");
  const isBare = colon < 0 || (endpoint.includes("::") && !endpoint.startsWith("["));
  return isBare ? { address: endpoint, port: "" } :
    { address: endpoint.slice(0, colon).replace(/^\[|\]$/g, ""), port: endpoint.slice(colon + 1) };
}

/** The least that is known. @param {number | null | undefined} a @param {number | null} b */
const least = (a, b) => a === null || a === undefined ? b : b === null ? a : Math.min(a, b);

/** What each flow had moved, to take the difference of. */
export class Talks {
  constructor() {
    /** @type {Map<string, {rx: number, tx: number}>} */
    this.before = new Map();
    this.at = 0;
  }

  /**
   * @param {Flow[]} flows of the device
   * @param {number} now milliseconds, of whatever clock
   * @returns {Talk[]} the busiest first
   */
  take(flows, now) {
    const seconds = this.at ? Math.max(0.1, (now - this.at) / 1000) : 0;
    const before = this.before;
    /** @type {Map<string, Talk>} */
    const talks = new Map();

    this.before = new Map();
    this.at = now;
    for (const f of flows) {
      const id = `${f.proto} ${f.inside} ${f.remote}`;
      const old = before.get(id);
      // A flow that is new since has moved all of it since, unless none was seen yet.
      const isYoung = !old && f.age_ms <= seconds * 1000;
      const since = (/** @type {number} */ n, /** @type {number} */ was) =>
        seconds && (old || isYoung) && n >= was ? (n - was) * 8 / seconds : 0;
      this.before.set(id, { rx: f.rx_bytes, tx: f.tx_bytes });
      this.#add(talks, f, since(f.rx_bytes, old?.rx ?? 0), since(f.tx_bytes, old?.tx ?? 0));
    }
    return [...talks.values()].sort((a, b) => b.rx_bps + b.tx_bps - a.rx_bps - a.tx_bps ||
      b.rx + b.tx - a.rx - a.tx || (a.key < b.key ? -1 : 1));
  }

  /** @param {Map<string, Talk>} talks @param {Flow} f @param {number} rx @param {number} tx */
  #add(talks, f, rx, tx) {
    const { address, port } = splitEndpoint(f.remote);
    const key = `${f.name ?? address} ${f.proto} ${port}`;
    const talk = talks.get(key) ?? { key, who: f.name ?? address, address, proto: f.proto,
      port, country: f.country ?? null, rtt_us: null, age_ms: 0, idle_ms: Infinity, rx: 0,
      tx: 0, rx_bps: 0, tx_bps: 0, flows: 0, express: false };
    talk.rtt_us = least(f.rtt_us, talk.rtt_us);
    talk.age_ms = Math.max(talk.age_ms, f.age_ms);
    talk.idle_ms = Math.min(talk.idle_ms, f.idle_ms);
    talk.rx += f.rx_bytes;
    talk.tx += f.tx_bytes;
    talk.rx_bps += rx;
    talk.tx_bps += tx;
    talk.flows++;
    talk.express ||= f.carried_by !== "engine";
    talks.set(key, talk);
  }
}
