// @ts-check
// leases.js - addresses that were given out, and those that are kept for somebody:
// renamed, fixed and freed with one click; says when a device will hear of it.
import { watch } from "../core/api.js";
import { fixAddress, freeAddress } from "../core/deeds.js";
import { make, setText } from "../core/dom.js";
import { duration, tame } from "../core/format.js";
import { makeList } from "./list.js";
import { makeNothing } from "./notice.js";
import { makeAct, makeInput, makeSection } from "./parts.js";
import { makeRename } from "./rename.js";

/** @typedef {import("../core/store.js").Store} Store */
/**
 * @typedef {{mac: string, ip: string, hostname: string | null, expires_s: number,
 *   renews_s: number, static: boolean, random: boolean}} Lease
 * @typedef {{mac: string | null, client_id: string | null, ip: string,
 *   active: boolean}} Fixed
 */

const EVERY_MS = 4000;

/** When a change reaches it. @param {Lease | undefined} lease */
export const renewalWords = (lease) => lease?.renews_s ?
  `Takes effect at the next renewal, in ${duration(lease.renews_s)}.` :
  "Takes effect when the device asks for an address again.";

/** @param {Fixed} f as the settings name it */
const keyOf = (f) => f.mac ?? `id:${f.client_id}`;

/**
 * @param {Store} store
 * @param {(sentence: string) => void} onRefused
 */
export function makeLeases(store, onRefused) {
  /** @type {Lease[]} */
  let leases = [];
  /** @type {Fixed[]} */
  let fixed = [];
  const none = makeNothing("No address has been given out.",
    "A device asks for one by itself when it joins this network.");
  const told = make("p", { class: "since", role: "status" });
  const refresh = () => {
    known.now();
    given.now();
  };
  const fixedOf = (/** @type {string} */ mac) => fixed.find((f) => f.mac === mac);

  /** @param {string} mac */
  const nameOf = (mac) => store.devices.get(mac)?.name ||
    leases.find((l) => l.mac === mac)?.hostname || "";

  /** @param {string} mac @param {string} what */
  function tell(mac, what) {
    setText(told, `${what} ${renewalWords(leases.find((l) => l.mac === mac))}`);
    refresh();
  }

  /** @param {Lease} lease */
  function makePin({ mac, ip }) {
    const isFixed = Boolean(fixedOf(mac));
    return makeAct(isFixed ? "Unpin" : "Pin", async () => {
      await (isFixed ? freeAddress(mac) : fixAddress(mac, ip));
      tell(mac, isFixed ? `${ip} is no longer kept for it.` : `${ip} is kept for it.`);
    }, onRefused, ip);
  }

  const table = makeList("Leases", [
    { label: "Name", make: (l) => makeRename(l.mac, nameOf(l.mac),
      () => tell(l.mac, "It has a new name."), onRefused) },
    { label: "Address", width: "136px", text: (l) => l.ip },
    { label: "MAC", width: "176px", text: (l) => l.mac + (l.random ? ", made up" : "") },
    { label: "Renews in", kind: "number", width: "104px",
      text: (l) => l.renews_s ? duration(l.renews_s) : "now" },
    { label: "Ends in", kind: "number", text: (l) => duration(l.expires_s) },
    { label: "Kind", width: "96px", text: (l) => l.static ? "fixed" : "by itself" },
    { label: "", kind: "deed", make: makePin },
  ], (/** @type {Lease} */ l) => l.mac);
  const kept = makeList("Fixed addresses", [
    { label: "Address", text: (f) => f.ip },
    { label: "Kept for", text: (f) => f.mac ?? `client ${f.client_id}` },
    { label: "Name", text: (f) => tame(f.mac ? nameOf(f.mac) : "") || "\u2013" },
    { label: "State", text: (f) => f.active ? "in use" : "not asked for yet" },
    { label: "", kind: "deed", make: (f) => makeAct("Free it", async () => {
      await freeAddress(keyOf(f));
      refresh();
    }, onRefused, f.ip) },
  ], (/** @type {Fixed} */ f) => f.ip);

  const mac = makeInput("MAC address", { size: "18", placeholder: "b8:27:eb:00:00:01", required: "" });
  const ip = makeInput("Address", { size: "14", placeholder: "10.77.0.5", required: "" });
  const form = make("form", { class: "adder", "aria-label": "New fixed address" },
    mac.element, ip.element, make("button", { type: "submit", class: "act" }, "Keep it"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    onRefused("");
    try {
      await fixAddress(mac.input.value.trim().toLowerCase(), ip.input.value.trim());
      tell(mac.input.value.trim().toLowerCase(), `${ip.input.value.trim()} is kept for it.`);
      mac.input.value = ip.input.value = "";
    } catch (error) {
      onRefused(/** @type {Error} */ (error).message);
    }
  });
  const section = makeSection("Leases", table.element, none.element, told,
    make("p", { class: "since" }, "A device hears of a new name or a pinned address when " +
      "it renews its lease. What you call it is its name in DNS too."));
  const keeping = makeSection("Fixed addresses", kept.element, form);

  function show() {
    table.update(leases.map((l) => ({ ...l, pinned: Boolean(fixedOf(l.mac)), name: nameOf(l.mac) })));
    kept.update(fixed.map((f) => ({ ...f, name: f.mac && nameOf(f.mac) })));
    none.element.hidden = leases.length > 0;
    section.say(leases.length ? String(leases.length) : "");
    keeping.say(fixed.length ? "" : "none yet");
  }

  const known = watch("dhcp", EVERY_MS, (said) => {
    fixed = said.fixed;
    show();
  });
  const given = watch("leases", EVERY_MS, (said) => {
    leases = said;
    show();
  });
  return {
    element: make("div", {}, section.element, keeping.element),
    stop() {
      known.stop();
      given.stop();
    },
  };
}
