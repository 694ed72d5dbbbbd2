// @ts-check
// talks.js - who a device talks to, by name: since when, how much, how fast, and how
// far away.
import { watch } from "../core/api.js";
import { countryOf } from "../core/country.js";
import { make, makeQuantity } from "../core/dom.js";
import { bytes, duration, orDash, rate, tame } from "../core/format.js";
import { writeRoute } from "../core/route.js";
import { rttWords } from "../core/rtt.js";
import { Talks } from "../core/talks.js";
import { makeList } from "./list.js";
import { makeNothing } from "./notice.js";
import { makeSection } from "./parts.js";
import { arrow } from "./scale.js";

/** @typedef {import("../core/talks.js").Talk} Talk */
/** @typedef {import("../core/talks.js").Flow} Flow */

const EVERY_MS = 2000;
const SHOWN = 25;

/** @param {string} mac */
export function makeTalks(mac) {
  const talks = new Talks();
  const none = makeNothing("It talks to nobody beyond the gate.",
    "As soon as it does, it is shown here with whom.");

  /** @param {Talk} t */
  const makeWho = (t) => make("span", { class: "group" },
    make("a", { class: "link", href: writeRoute("traffic", "", { device: mac, remote: t.who,
      group: "remote" }) }, make("bdi", {}, tame(t.who))),
    ...(t.who === t.address ? [] : [make("span", { class: "group-key" }, t.address)]));

  const list = makeList("Who it talks to", [
    { label: "With", make: makeWho },
    { label: "Over", width: "104px", text: (t) => `${t.proto} ${t.port}` },
    { label: "Country", width: "104px", text: (t) => countryOf(t.country) || "\u2013" },
    { label: "Way and back", kind: "number", width: "120px", text: (t) => rttWords(t.rtt_us) || "\u2013" },
    { label: "Since", kind: "number", width: "88px", text: (t) => duration(t.age_ms / 1000) },
    { label: "Down", kind: "number", make: (t) => makeQuantity(orDash(t.rx_bps, rate)) },
    { label: "Up", kind: "number", make: (t) => makeQuantity(orDash(t.tx_bps, rate)) },
    { label: "Received", kind: "number", make: (t) => makeQuantity(orDash(t.rx, bytes)) },
    { label: "Sent", kind: "number", make: (t) => makeQuantity(orDash(t.tx, bytes)) },
  ], (/** @type {Talk} */ t) => t.key, SHOWN);
  const heads = list.element.querySelectorAll("thead th");
  const section = makeSection("Who it talks to", list.element, none.element);

  heads[5].prepend(arrow("down"));
  heads[6].prepend(arrow("up"));
  const watched = watch(`flows?device=${mac}`, EVERY_MS, (/** @type {Flow[]} */ own) => {
    const all = talks.take(own, performance.now());
    list.update(all);
    // Without a database no country is known, and nobody misses the column.
    list.element.classList.toggle("nowhere", all.every((t) => !t.country));
    none.element.hidden = all.length > 0;
    section.say(own.length ? `${own.length} connections` : "");
  });
  return { element: section.element, stop: watched.stop };
}
