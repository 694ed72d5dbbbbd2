// @ts-check
// flows.js - the connections there are now, the latest first: whose they are, with
// whom, and what carries them.
import { watch } from "../core/api.js";
import { make, makeQuantity } from "../core/dom.js";
import { bytes, count, duration, orDash, tame } from "../core/format.js";
import { nameOfAddress, nameOfMac } from "../core/people.js";
import { writeRoute } from "../core/route.js";
import { splitEndpoint } from "../core/talks.js";
import { makeList } from "./list.js";
import { makeNothing } from "./notice.js";
import { makeSection } from "./parts.js";
import { arrow } from "./scale.js";
import { makeSearch } from "./search.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/talks.js").Flow & {outside: string}} Flow */

const EVERY_MS = 3000;
const ASKED_FOR = 500;

/** @type {Record<string, string>} what the engine says of its lane */
const CARRIERS = { engine: "engine", xdp: "express, XDP", tc: "express, tc",
  "xdp+tc": "express, XDP and tc" };

/** @param {Flow} f */
export const carrierWords = ({ carried_by }) => CARRIERS[carried_by] ?? tame(carried_by);

/** @param {Store} store */
export function makeFlows(store) {
  const none = makeNothing("No connection is open.");

  /** @param {Flow} f */
  function makeWho({ device, inside }) {
    const { address, port } = splitEndpoint(inside);
    const name = device ? nameOfMac(store, device) : nameOfAddress(store, address, address);
    return make("span", { class: "group" }, device ? make("a", { class: "link",
      href: writeRoute("device", device) }, make("bdi", {}, name)) : make("bdi", {}, name),
    make("span", { class: "group-key" }, port));
  }

  /** @param {Flow} f */
  function makeRemote({ name, remote }) {
    const { address, port } = splitEndpoint(remote);
    return make("span", { class: "group" }, make("bdi", {}, tame(name ?? address)),
      make("span", { class: "group-key" }, name ? remote : port));
  }

  const list = makeList("Connections", [
    { label: "Device", make: makeWho },
    { label: "With", kind: "whole", width: "22%", make: makeRemote },
    { label: "Outside port", width: "128px", text: (f) => `${f.proto} ${splitEndpoint(f.outside).port}` },
    { label: "Carried by", make: (f) => make("span",
      { class: f.carried_by === "engine" ? "" : "express" }, carrierWords(f)) },
    { label: "State", width: "104px", text: (f) => f.state.replaceAll("_", " ") },
    { label: "Down", kind: "number", make: (f) => makeQuantity(orDash(f.rx_bytes, bytes)) },
    { label: "Up", kind: "number", make: (f) => makeQuantity(orDash(f.tx_bytes, bytes)) },
    { label: "Idle", kind: "number", width: "88px", text: (f) => duration(f.idle_ms / 1000) },
  ], (/** @type {Flow} */ f) => `${f.proto} ${f.inside} ${f.remote}`);
  const search = makeSearch(store, ASKED_FOR, () => watched.now());
  const section = makeSection("Connections", search.element, list.element, none.element);
  const heads = list.element.querySelectorAll("thead th");

  heads[5].prepend(arrow("down"));
  heads[6].prepend(arrow("up"));
  const watched = watch(() => search.pathOf("flows"), EVERY_MS, (said, path) => {
    if (path !== search.pathOf("flows"))
      return;
    const flows = /** @type {Flow[]} */ (said);
    const express = flows.filter((f) => f.carried_by !== "engine").length;
    search.update();
    list.update(flows);
    none.element.hidden = flows.length > 0;
    none.setNext(search.isNarrow ? "Nothing fits what is looked for." :
      "As soon as a device speaks with the internet, it is shown here with whom.");
    section.say(!flows.length ? "" : `${express ? count(express) : "none"} of ` +
      `${flows.length < ASKED_FOR ? "" : "the latest "}${count(flows.length)} in the express lane`);
  });
  return {
    element: section.element,
    stop() {
      watched.stop();
      search.stop();
    },
  };
}
