// @ts-check
// people.js - devices as the owner knows them, where they are one of many: by MAC, by
// address, in a choice.
import { tame } from "./format.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./store.js").Device} Device */

/** @param {Device} d */
const nameOf = (d) => tame(d.name || d.hostname || d.ip || d.mac);

/** @param {Store} store @param {string | null | undefined} mac */
export function nameOfMac(store, mac) {
  const device = mac ? store.devices.get(mac) : undefined;
  return device ? nameOf(device) : mac ?? "";
}

/** @param {Store} store @param {string} address */
export function deviceAt(store, address) {
  return [...store.devices.values()].find(({ ip, addresses }) =>
    ip === address || addresses?.includes(address));
}

/** @param {Store} store @param {string} address @param {string} [nobody] */
export function nameOfAddress(store, address, nobody = "\u2013") {
  const device = deviceAt(store, address);
  return device ? nameOf(device) : nobody;
}

/** For a choice, by name. @param {Store} store @returns {[string, string][]} */
export const choiceOf = (store) => [["", "all"],
  ...[...store.devices.values()].map((d) => /** @type {[string, string]} */ ([d.mac, nameOf(d)]))
    .sort((a, b) => a[1].localeCompare(b[1], "en", { numeric: true }))];
