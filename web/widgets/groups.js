// @ts-check
// groups.js - who moved how much in a span: by device, by remote, or by both.
import { countryOf } from "../core/country.js";
import { make, makeQuantity } from "../core/dom.js";
import { bytes, orDash, percent, tame } from "../core/format.js";
import { makeList } from "./list.js";
import { arrow } from "./scale.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/span.js").Group} Group */
/** @typedef {import("../core/span.js").Grouping} Grouping */

export const SHOWN = 50;

/**
 * @param {Store} store
 * @param {(device: string, remote: string) => string} hashOf of that alone
 */
export function makeGroups(store, hashOf) {
  /** @type {Grouping} */
  let by = "device";
  let total = 0;

  /** @param {string} mac */
  const deviceName = (mac) => {
    const d = store.devices.get(mac);
    return tame(d?.name || d?.hostname || d?.ip || mac);
  };

  /** @param {Group} g */
  function makeName(g) {
    const device = g.device ?? "";
    // A remote is its name, whatever address that had.
    const address = g.remote ?? "";
    const remote = by === "device" ? "" : g.name ?? address;
    const link = (/** @type {string} */ words, /** @type {string} */ hash) =>
      make("a", { class: "link", href: hash }, make("bdi", {}, words));
    if (g.key === null)
      return make("span", { class: "muted" }, "all others");
    return make("span", { class: "group" },
      ...(device ? [link(deviceName(device), hashOf(device, ""))] : []),
      ...(device && remote ? [make("span", { class: "muted" }, " with ")] : []),
      ...(remote ? [link(tame(remote), hashOf(device, remote))] : []),
      ...(remote && address && address !== remote ?
        [make("span", { class: "group-key" }, address)] : []),
      ...(g.country ? [make("span", { class: "group-key" }, countryOf(g.country))] : []));
  }

  /** @param {Group} g */
  function makeShare(g) {
    const bar = make("span", { class: "share" }, make("span", { class: "share-down" }),
      make("span", { class: "share-up" }));
    const [down, up] = /** @type {HTMLElement[]} */ ([...bar.children]);
    down.style.inlineSize = `${total ? 100 * g.rx / total : 0}%`;
    up.style.inlineSize = `${total ? 100 * g.tx / total : 0}%`;
    return make("span", { class: "shared" }, bar,
      make("span", {}, percent(g.rx + g.tx, total)));
  }

  const list = makeList("Traffic of the span", [
    { label: "Who", make: makeName },
    { label: "Down", kind: "number", make: (g) => makeQuantity(orDash(g.rx, bytes)) },
    { label: "Up", kind: "number", make: (g) => makeQuantity(orDash(g.tx, bytes)) },
    { label: "Share", kind: "number", width: "216px", make: makeShare },
  ], (/** @type {Group} */ g) => g.key ?? "", SHOWN);
  const heads = list.element.querySelectorAll("thead th");
  heads[1].prepend(arrow("down"));
  heads[2].prepend(arrow("up"));
  return {
    element: list.element,
    /** @param {Group[]} groups @param {Grouping} grouping @param {number} all bytes */
    update(groups, grouping, all) {
      by = grouping;
      total = all;
      // The name of a device and the whole are drawn too, and may change.
      list.update(groups.map((g) => ({ ...g, by, total,
        called: deviceName(g.device ?? "") })));
    },
  };
}
