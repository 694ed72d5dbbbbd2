// @ts-check
// scans.js - when a device went through the home: how many addresses it asked for.
import { watch } from "../core/api.js";
import { count, timeOfDay, when } from "../core/format.js";
import { makeList } from "./list.js";
import { makeSection } from "./parts.js";

/** @typedef {{device: string, from_ms: number, to_ms: number, times: number,
 *   addresses: number, first: string, last: string}} Scan */

const EVERY_MS = 10_000;

/** Not there while there is none. @param {import("../core/store.js").Store} store
 * @param {string} mac */
export function makeScans(store, mac) {
  const list = makeList("Addresses of the home it asked for", [
    { label: "When", text: (s) => `${when(s.from_ms + store.skewMs, Date.now())} to ` +
      timeOfDay(s.to_ms + store.skewMs) },
    { label: "Asked for", text: (s) => `${count(s.addresses)} addresses within a minute` },
    { label: "From", text: (s) => `${s.first} to ${s.last}` },
    { label: "How often", kind: "number", text: (s) => s.times > 1 ? `${count(s.times)} times` : "once" },
  ], (/** @type {Scan} */ s) => String(s.from_ms));
  const { element } = makeSection("It went through the home", list.element);
  element.hidden = true;
  const watched = watch(`scans?device=${mac}`, EVERY_MS, (/** @type {Scan[]} */ all) => {
    element.hidden = !all.length;
    list.update(all);
  });
  return { element, stop: watched.stop };
}
