// @ts-check
// leases.js - addresses that were given out: renamed and pinned with one click;
// says when a device will hear of it.
import { changeList, watch } from "../core/api.js";
import { make } from "../core/dom.js";
import { duration, tame } from "../core/format.js";
import { makeList } from "./list.js";
import { makeNotice } from "./notice.js";
import { makeAct, makeSection } from "./parts.js";

/** @typedef {import("../core/store.js").Store} Store */
/**
 * @typedef {{mac: string, ip: string, hostname: string | null, expires_s: number,
 *   renews_s: number, static: boolean, random: boolean}} Lease
 */

/** @param {string} mac */
const isOf = (mac) => (/** @type {string} */ item) =>
  item.toLowerCase().startsWith(`${mac}=`);

/** @param {Lease} lease */
const pin = ({ mac, ip }) => changeList("dhcp", "static",
  (all) => [...all.filter((item) => !isOf(mac)(item)), `${mac}=${ip}`]);

/** @param {Lease} lease */
const unpin = ({ mac }) => changeList("dhcp", "static",
  (all) => all.filter((item) => !isOf(mac)(item)));

/** @param {string} mac @param {string} name "": its own again */
const rename = (mac, name) => changeList("clients", "name", (all) =>
  [...all.filter((item) => !isOf(mac)(item)), ...(name ? [`${mac}=${name}`] : [])]);

/**
 * @param {Store} store
 * @param {(sentence: string) => void} onRefused
 */
export function makeLeases(store, onRefused) {
  const none = makeNotice("empty", "No address has been given out.",
    "A device asks for one by itself when it joins this network.");
  /** @type {Set<string>} */
  let pinned = new Set();
  let refresh = () => {};

  /** @param {Lease} lease */
  const nameOf = ({ mac, hostname }) => {
    const name = store.devices.get(mac)?.name;
    return name || hostname || "";
  };

  /** The name as a field: Enter or leaving it keeps it, Escape does not.
   * @param {Lease} lease */
  function makeName(lease) {
    const before = nameOf(lease);
    const field = /** @type {HTMLInputElement} */ (make("input",
      { type: "text", class: "name", maxlength: "63", value: tame(before), dir: "auto",
        placeholder: "no name", "aria-label": `Name of ${lease.mac}`,
        autocomplete: "off", spellcheck: "false" }));
    field.addEventListener("keydown", ({ key }) => {
      if (key === "Escape")
        field.value = tame(before);
      if (key === "Enter" || key === "Escape")
        field.blur();
    });
    field.addEventListener("change", async () => {
      onRefused("");
      try {
        await rename(lease.mac, field.value.trim());
        refresh();
      } catch (error) {
        field.value = tame(before);
        onRefused(/** @type {Error} */ (error).message);
      }
    });
    return field;
  }

  /** @param {Lease} lease */
  const makePin = (lease) => makeAct(pinned.has(lease.mac) ? "Unpin" : "Pin", async () => {
    await (pinned.has(lease.mac) ? unpin : pin)(lease);
    refresh();
  }, onRefused, lease.ip);

  const table = makeList("Leases", [
    { label: "Name", make: makeName },
    { label: "Address", text: (l) => l.ip },
    { label: "MAC", text: (l) => l.mac + (l.random ? ", made up" : "") },
    { label: "Renews in", kind: "number",
      text: (l) => l.renews_s ? duration(l.renews_s) : "now" },
    { label: "Ends in", kind: "number", text: (l) => duration(l.expires_s) },
    { label: "Kind", text: (l) => l.static ? "fixed" : "by itself" },
    { label: "", kind: "deed", make: makePin },
  ], (/** @type {Lease} */ l) => l.mac);
  const section = makeSection("Leases", table.element, none.element,
    make("p", { class: "since" }, "A device hears of a new name or a pinned address when " +
      "it renews its lease. What you call it is its name in DNS too."));

  return {
    element: section.element,
    /** @param {number} everyMs */
    watch(everyMs) {
      const leases = watch("leases", everyMs, (/** @type {Lease[]} */ said) => {
        table.update(said.map((l) => ({ ...l, pinned: pinned.has(l.mac), name: nameOf(l) })));
        none.element.hidden = said.length > 0;
        section.say(said.length ? String(said.length) : "");
      });
      const fixed = watch("settings", everyMs, (said) => {
        pinned = new Set((said.dhcp?.static ?? []).map((/** @type {string} */ item) =>
          item.split("=")[0].toLowerCase()));
      });
      refresh = () => {
        fixed.now();
        setTimeout(leases.now, 300);
      };
      return [leases, fixed];
    },
  };
}
