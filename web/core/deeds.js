// @ts-check
// deeds.js - what the owner does with a click: changes of the settings.
import { ask, changeList } from "./api.js";

/** @param {string} mac of "MAC=VALUE" */
const isOf = (mac) => (/** @type {string} */ item) =>
  item.toLowerCase().startsWith(`${mac.toLowerCase()}=`);

/** @param {string} key @param {(item: string) => boolean} isOld @param {string[]} now */
const replace = (key, isOld, now) => changeList(...split(key), (all) =>
  [...all.filter((/** @type {string} */ item) => !isOld(item)), ...now]);

/** @param {string} key @returns {[string, string]} */
function split(key) {
  const dot = key.indexOf(".");
  return [key.slice(0, dot), key.slice(dot + 1)];
}

/** @param {string} mac @param {string} name "": its own again */
export const rename = (mac, name) =>
  replace("clients.name", isOf(mac), name ? [`${mac}=${name}`] : []);

/** @param {string} mac @param {string} icon "": what it seems to be */
export const setIcon = (mac, icon) =>
  replace("clients.icon", isOf(mac), icon ? [`${mac}=${icon}`] : []);

/** Every packet of it is kept. @param {string} mac @param {boolean} isOn */
export const pinCapture = (mac, isOn) => replace("clients.pin",
  (item) => item.toLowerCase() === mac, isOn ? [mac] : []);

/** @param {string} mac @param {string} ip */
export const fixAddress = (mac, ip) =>
  replace("dhcp.static", isOf(mac), [`${mac}=${ip}`]);

/** @param {string} key a MAC, or id:HEX */
export const freeAddress = (key) => replace("dhcp.static", isOf(key), []);

/**
 * Names that are always let through, or never. One is in one list at most.
 * @param {string} name @param {"allow" | "block" | null} wish
 */
export async function judgeName(name, wish) {
  const { dns } = await ask("settings");
  const without = (/** @type {string[]} */ list) => list.filter((n) => n !== name);
  await ask("settings", "PATCH", {
    "dns.allow": [...without(dns.allow), ...(wish === "allow" ? [name] : [])],
    "dns.block": [...without(dns.block), ...(wish === "block" ? [name] : [])],
  });
}

/** @param {string} source a known name, a URL or a path @param {boolean} isOn */
export const setList = (source, isOn) =>
  replace("dns.lists", (item) => item === source, isOn ? [source] : []);

/**
 * @param {{mac: string, ip: string | null}} device
 * @param {boolean} isOn whether lists hold for it
 */
export const setFiltered = ({ mac, ip }, isOn) => replace("dns.unfiltered",
  (item) => item.toLowerCase() === mac || item === ip, isOn ? [] : [mac]);

/** @param {string} key @param {unknown} value null: as it was made */
export const choose = (key, value) => ask("settings", "PATCH", { [key]: value });
