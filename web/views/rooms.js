// @ts-check
// rooms.js - where one can go. The first is there at once, the others are fetched
// when they are gone to.
import * as overview from "./overview.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/route.js").Route} Route */
/**
 * @typedef {{update: (type: string) => void, recolour: () => void, leave?: () => void,
 *   follow?: (route: Route) => void}} View  'follow': the same view, of another state
 * @typedef {{title: string, mount: (root: HTMLElement, store: Store, route: Route) => View}} Room
 */

export const FIRST = "overview";
/** @type {Record<string, () => Room | Promise<Room>>} */
export const ROOMS = {
  overview: () => overview,
  device: () => import("./device.js"),
  nat: () => import("./nat.js"),
  names: () => import("./names.js"),
  settings: () => import("./settings.js"),
};
