// @ts-check
// source.js - what the chart of the last minute draws: the whole boundary, or what
// crosses it for one device.
import { Boundary, DEVICE_SAMPLES, DEVICE_STEP_MS } from "./history.js";

/** @typedef {import("./store.js").Store} Store */
/**
 * @typedef {{boundary: Boundary, skewMs: number, delayMs: number, name: string,
 *   called: string, busiest: (at: number, max: number) =>
 *     {device: import("./store.js").Device, rates: number[]}[]}} Source  'delayMs': its
 *   newest is this old; 'called': what all of it is
 */

const DELAY_MS = 400;
/** Devices are told of once a second. */
const DEVICE_DELAY_MS = 1300;

/** @param {Store} store @returns {Source} */
export const wholeOf = (store) => ({
  name: "The boundary", called: "All", delayMs: DELAY_MS, boundary: store.boundary,
  get skewMs() {
    return store.skewMs;
  },
  busiest: (at, max) => store.busiest(at, max),
});

/**
 * @param {Store} store @param {string} mac
 * @returns {Source & {follow: () => void}} 'follow': its rates were told
 */
export function partOf(store, mac) {
  const boundary = new Boundary(DEVICE_STEP_MS);
  const ratesAt = (/** @type {number} */ beat) => store.devices.get(mac)?.minute.get(beat);

  for (let i = DEVICE_SAMPLES - 1; i >= 0; i--) {
    const rates = ratesAt(store.beats.count - i);
    if (rates)
      boundary.add(store.beats.at - i * DEVICE_STEP_MS, rates[0], rates[1]);
  }
  return {
    name: "Its traffic", called: "All of it", delayMs: DEVICE_DELAY_MS, boundary,
    get skewMs() {
      return store.skewMs;
    },
    busiest: () => [],
    follow() {
      const rates = ratesAt(store.beats.count);
      if (rates && store.devicesAt > boundary.end)
        boundary.add(store.devicesAt, rates[0], rates[1]);
    },
  };
}
