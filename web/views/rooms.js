// @ts-check
// rooms.js - where one can go. The first is there at once, the others are fetched
// when they are gone to, with what they wear.
import { make } from "../core/dom.js";
import * as overview from "./overview.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/route.js").Route} Route */
/**
 * @typedef {{update: (type: string) => void, recolour: () => void, leave?: () => void,
 *   follow?: (route: Route) => void}} View  'follow': the same view, of another state
 * @typedef {{title: string, mount: (root: HTMLElement, store: Store, route: Route) => View}} Room
 */

export const FIRST = "overview";

/** @type {Map<string, Promise<void>>} sheets that are there, or under way */
const worn = new Map();

/** @param {string} href @returns {Promise<void>} */
const load = (href) => new Promise((resolve, reject) => {
  const link = make("link", { rel: "stylesheet", href });
  link.addEventListener("load", () => resolve());
  link.addEventListener("error", () => {
    link.remove();
    worn.delete(href);
    reject(new Error(`${href} is not there`));
  });
  document.head.append(link);
});

/** Once for all; it is there when this is over. @param {string} sheet */
function wear(sheet) {
  const href = `/css/${sheet}.css`;
  const whole = worn.get(href) ?? load(href);
  worn.set(href, whole);
  return whole;
}

/** @param {Promise<Room>} room @param {...string} sheets */
const dressed = async (room, ...sheets) => {
  await Promise.all(sheets.map(wear));
  return room;
};

/** What the address names is looked up here: it has no more than this.
 * @type {Record<string, () => Room | Promise<Room>>} */
export const ROOMS = {
  // @ts-ignore
  __proto__: null,
  overview: () => overview,
  device: () => dressed(import("./device.js"), "lists", "device", "traffic"),
  traffic: () => dressed(import("./traffic.js"), "lists", "traffic"),
  nat: () => dressed(import("./nat.js"), "lists"),
  names: () => dressed(import("./names.js"), "lists"),
  events: () => dressed(import("./events.js"), "lists"),
  settings: () => dressed(import("./settings.js"), "lists", "settings"),
};
