// @ts-check
// store.js - what the page knows of the house, from what the gateway said.
// Written by take() alone; widgets read it when they paint.
import { Events } from "./events.js";
import { Beats, Boundary, listOf, Minute, number } from "./history.js";

/**
 * @typedef {{ifname: string, carrier: string, express: string}} Port
 * @typedef {{name: string, address: string, network: string, ports: Port[]}} Lan
 * @typedef {{
 *   version: string, uptime_s: number,
 *   wan: {ifname: string | null, address: string | null,
 *         gateway: string | null, up: boolean, carrier: string,
 *         latency_ms?: number | null, loss?: number | null},
 *   lan: Lan[], rtt?: {lan_us: number | null, wan_us: number | null},
 *   nat: {mappings: number, sessions: number, mappings_max: number,
 *         sessions_max: number},
 * }} Status
 * @typedef {{
 *   mac: string, ip: string | null, hostname: string | null,
 *   name: string | null, vendor: string | null, last_seen_ms: number | null,
 *   rx_bytes: number, tx_bytes: number, rx_bps: number, tx_bps: number,
 *   name_source?: string | null, icon?: string | null, random?: boolean,
 *   pinned?: boolean, fixed?: boolean, first_seen_ms?: number | null,
 *   today: Sum, maybe?: string | null, addresses?: string[],
 *   rtt_lan_us?: number | null, rtt_wan_us?: number | null,
 * }} Client
 * @typedef {{rx: number, tx: number}} Sum  bytes
 * @typedef {Client & {minute: Minute}} Device
 * @typedef {{reason: string, packets: number, bytes: number}} Drop
 * @typedef {Record<string, unknown>} Said
 */

export const STALE_MS = 2000;
const LAGGING_MS = 5000;
const CLOCK_STEP_MS = 1500;

/** @param {Sum[]} sums @returns {Sum} */
const sumOf = (sums) => sums.reduce((a, b) =>
  ({ rx: a.rx + number(b?.rx), tx: a.tx + number(b?.tx) }), { rx: 0, tx: 0 });

export class Store {
  #settle;

  /** @param {(type: string) => void} onChange */
  constructor(onChange) {
    this.#settle = onChange;
    /** @type {Status | null} */
    this.status = null;
    /** @type {Map<string, Device>} by MAC */
    this.devices = new Map();
    /** The gateway's clock when 'devices' was said. */
    this.devicesAt = 0;
    this.knowsDevices = false;
    /** @type {Drop[] | null} */
    this.drops = null;
    this.events = new Events();
    this.boundary = new Boundary();
    this.beats = new Beats();
    this.total = { rx: 0, tx: 0 };
    /** Since midnight, by the gateway's clock. @type {Sum} */
    this.today = { rx: 0, tx: 0 };
    /** This computer's clock less the gateway's. */
    this.skewMs = 0;
    /** performance.now() of the last tick; 0: none yet. */
    this.heardAt = 0;
    /** performance.now() when it was last said that some were left out; 0: never. */
    this.laggedAt = 0;
    this.isOpen = false;
    this.retryAt = 0;
    /** @type {string | null} */
    this.version = null;
  }

  get ageMs() {
    return this.heardAt ? performance.now() - this.heardAt : 0;
  }

  /** The way from the gateway to this page is slow: it is told less. */
  get isLagging() {
    return this.laggedAt > 0 && performance.now() - this.laggedAt < LAGGING_MS;
  }

  get isStale() {
    return this.ageMs > STALE_MS;
  }

  /** @param {boolean} isOpen @param {number} retryAt */
  connect(isOpen, retryAt) {
    this.isOpen = isOpen;
    this.retryAt = retryAt;
    this.#settle("link");
  }

  /** @param {unknown} drops */
  takeDrops(drops) {
    this.drops = /** @type {Drop[]} */ (listOf(drops));
    this.#settle("drops");
  }

  /** @param {unknown} events */
  takeEvents(events) {
    this.events.take(events);
    this.#settle("event");
  }

  /** The events are looked at. */
  look() {
    if (!this.events.unseen)
      return;
    this.events.look();
    this.#settle("event");
  }

  /** @param {Said & {type: string}} said */
  take(said) {
    switch (said.type) {
    case "hello":
      this.#takeHello(said);
      break;
    case "recent":
      this.boundary.fill(said);
      break;
    case "status":
      this.status = /** @type {Status} */ (/** @type {unknown} */ (said));
      break;
    case "event":
      this.events.take([said.event]);
      break;
    case "lagging":
      this.laggedAt = performance.now();
      break;
    case "clients":
      this.#takeClients(said);
      break;
    case "tick":
      this.#takeTick(said);
      break;
    }
    this.#settle(said.type);
  }

  /** @param {Said} hello */
  #takeHello({ version, now_ms }) {
    // A gateway of another version brings another page.
    if (this.version !== null && this.version !== version)
      location.reload();
    this.version = String(version);
    this.skewMs = Date.now() - number(now_ms);
  }

  /** @param {Said} tick */
  #takeTick(tick) {
    const at = number(tick.now_ms);
    const skew = Date.now() - at;

    // The fastest message knows best; a step of either clock is followed.
    if (skew < this.skewMs || skew > this.skewMs + CLOCK_STEP_MS)
      this.skewMs = skew;
    this.boundary.add(at, number(tick.rx_bps), number(tick.tx_bps));
    this.total = { rx: number(tick.rx_bytes), tx: number(tick.tx_bytes) };
    this.heardAt = performance.now();
  }

  /** @param {Said} said */
  #takeClients({ now_ms, clients }) {
    const beat = this.beats.next(number(now_ms));
    /** @type {Map<string, Device>} */
    const devices = new Map();

    for (const c of /** @type {(Client & {recent?: Said})[]} */ (listOf(clients))) {
      const minute = this.devices.get(c.mac)?.minute ?? new Minute();
      const { recent, ...client } = c;
      const rx = listOf(recent?.rx_bps);
      const tx = listOf(recent?.tx_bps);
      rx.forEach((n, i) =>
        minute.set(beat - (rx.length - 1 - i), number(n), number(tx[i])));
      minute.set(beat, number(c.rx_bps), number(c.tx_bps));
      devices.set(c.mac, { ...client, today: sumOf([c.today]), minute });
    }
    this.devices = devices;
    this.today = sumOf([...devices.values()].map(({ today }) => today));
    this.devicesAt = number(now_ms);
    this.knowsDevices = true;
  }

  /**
   * Who moved most in the second that held 'at', by the gateway's clock.
   * @param {number} at
   * @param {number} max
   */
  busiest(at, max) {
    const beat = this.beats.find(at);
    return [...this.devices.values()]
      .map((device) => ({ device, rates: device.minute.get(beat) ?? [0, 0] }))
      .filter(({ rates: [rx, tx] }) => rx + tx > 0)
      .sort((a, b) => b.rates[0] + b.rates[1] - a.rates[0] - a.rates[1])
      .slice(0, max);
  }
}
