// @ts-check
// rooms.js - where one can go. The first is there at once, the others are fetched
// when they are gone to, with what they wear.
import { load, loadPlots } from "../core/load.js";
import * as overview from "./overview.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/route.js").Route} Route */
/**
 * @typedef {{update: (type: string) => void, recolour: () => void, leave?: () => void,
 *   follow?: (route: Route) => void, wish?: string,
 *   hear?: (message: Record<string, unknown>) => void}} View  'follow': the same view, of
 *   another state; 'wish': the query for what 'hear' is told
 * @typedef {{title: string, mount: (root: HTMLElement, store: Store, route: Route) => View}} Room
 */

export const FIRST = "overview";

/** @param {Promise<Room>} room @param {...string} sheets */
const dressed = async (room, ...sheets) => {
  await Promise.all(sheets.map((sheet) => load(`/css/${sheet}.css`)));
  return room;
};

/** Its chart draws as soon as it can, and nothing else waits for that.
 * @template R @param {R} room */
function charted(room) {
  loadPlots().catch(() => {});
  return room;
}

/** What the address names is looked up here: it has no more than this.
 * @type {Record<string, () => Room | Promise<Room>>} */
export const ROOMS = {
  // @ts-ignore
  __proto__: null,
  overview: () => charted(overview),
  device: () => charted(dressed(import("./device.js"), "lists", "device", "traffic")),
  traffic: () => dressed(Promise.all([import("./traffic.js"), loadPlots()]).then(([room]) => room),
    "lists", "traffic"),
  line: () => dressed(Promise.all([import("./line.js"), loadPlots()]).then(([room]) => room),
    "lists", "traffic"),
  nat: () => dressed(import("./nat.js"), "lists"),
  names: () => dressed(import("./names.js"), "lists"),
  events: () => dressed(import("./events.js"), "lists"),
  settings: () => dressed(import("./settings.js"), "lists", "settings"),
};
