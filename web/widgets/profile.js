// @ts-check
// profile.js - who a device is, and what the owner decided for it.
import { watch } from "../core/api.js";
import { fixAddress, freeAddress, pinCapture, setFiltered, setIcon } from "../core/deeds.js";
import { drawing, make, setText } from "../core/dom.js";
import { ago, when } from "../core/format.js";
import { isRandomised, kindOf, KINDS } from "./kinds.js";
import { renewalWords } from "./leases.js";
import { makeRename } from "./rename.js";
import { isActive, nameOf } from "./row.js";
import { makeChoice, makeSwitch } from "./switch.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/store.js").Device} Device */
/** @typedef {import("./leases.js").Lease} Lease */

const EVERY_MS = 4000;
/** @type {Record<string, string>} */
const SOURCES = { owner: "named by you", dhcp: "its own name", mdns: "its own name",
  vendor: "its maker's name" };

/** @param {string} label @param {Node} control @param {string} about */
const makeRow = (label, control, about) => make("div", { class: "choice" },
  make("div", {}, make("div", {}, label), make("div", { class: "choice-about" }, about)), control);

/**
 * @param {Store} store @param {Device} device
 * @param {(sentence: string) => void} onRefused
 */
export function makeProfile(store, device, onRefused) {
  const { mac } = device;
  const icon = make("span", { class: "icon profile-icon" });
  const name = makeRename(mac, device.name || device.hostname || "", () =>
    tell("It has a new name."), onRefused);
  const facts = make("p", { class: "profile-facts" });
  const told = make("p", { class: "since", role: "status" });
  const kind = makeChoice("It is", async (value) => {
    onRefused("");
    await setIcon(mac, value).catch((error) => onRefused(error.message));
  });
  const fixed = makeSwitch("Keep its address", async (isOn) => {
    const { ip } = store.devices.get(mac) ?? device;
    if (isOn && !ip)
      throw new Error("It has no address yet.");
    await (isOn ? fixAddress(mac, String(ip)) : freeAddress(mac));
    tell(isOn ? `${ip} is kept for it.` : "Its address is no longer kept.");
    house.now();
  }, onRefused);
  const filtered = makeSwitch("Blocklists hold for it", (isOn) =>
    setFiltered(store.devices.get(mac) ?? device, isOn), onRefused);
  const pinned = makeSwitch("Keep every packet", (isOn) => pinCapture(mac, isOn), onRefused);
  const choices = make("div", { class: "choices" },
    makeRow("Keep its address", fixed.element, "The same one each time, for nobody else."),
    makeRow("Blocklists hold for it", filtered.element, "Names on your lists are not answered."),
    makeRow("Keep every packet", pinned.element, "Also of heavy flows, which costs speed."));
  const element = make("section", { class: "inner", "aria-label": "Device" },
    make("div", { class: "profile" }, icon,
      make("div", { class: "profile-words" }, name, facts), kind.element), told, choices);
  /** @type {Lease | undefined} */
  let lease;

  /** @param {string} what */
  function tell(what) {
    setText(told, `${what} ${renewalWords(lease)}`);
  }

  function show() {
    const d = store.devices.get(mac) ?? device;
    const now = store.devicesAt;
    if (icon.dataset.kind !== kindOf(d))
      icon.replaceChildren(drawing(KINDS[kindOf(d)].path));
    icon.dataset.kind = kindOf(d);
    if (document.activeElement !== name && name.value !== nameOf(d))
      name.value = d.name || d.hostname ? nameOf(d) : "";
    setText(facts, [
      SOURCES[d.name_source ?? ""], d.vendor ?? "unknown maker",
      [...new Set([d.ip, ...(d.addresses ?? [])])].filter(Boolean).join(", ") || "no address",
      d.mac + (isRandomised(mac) ? ", made up" : ""),
      d.maybe && `maybe what was ${d.maybe}`,
      isActive(d, now) ? "here now" : `seen ${ago(d.last_seen_ms, now)}`,
      d.first_seen_ms ? `known since ${when(d.first_seen_ms + store.skewMs, Date.now())}` : "",
    ].filter(Boolean).join(" \u00b7 "));
    kind.update([["", "what it seems to be"], ...Object.entries(KINDS).map(([key, { label }]) =>
      /** @type {[string, string]} */ ([key, label]))], d.icon ?? "");
    pinned.update(Boolean(d.pinned));
  }

  const house = watch("settings", EVERY_MS, ({ dhcp, dns }) => {
    const { ip } = store.devices.get(mac) ?? device;
    fixed.update(dhcp.static.some((/** @type {string} */ s) => s.toLowerCase().startsWith(`${mac}=`)));
    filtered.update(!dns.unfiltered.some((/** @type {string} */ s) => s.toLowerCase() === mac || s === ip));
  });
  const leases = watch("leases", EVERY_MS, (/** @type {Lease[]} */ all) => {
    lease = all.find((l) => l.mac === mac);
  });
  show();
  return {
    element,
    update: show,
    stop() {
      house.stop();
      leases.stop();
    },
  };
}
