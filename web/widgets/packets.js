// @ts-check
// packets.js - a device's packets as they cross: a window of fixed rows that are
// written anew and never grow.
import { make, setText } from "../core/dom.js";
import { paintOnBeat } from "../core/frame.js";
import { count, tame, timeOfDay } from "../core/format.js";
import { Packets } from "../core/packets.js";
import { makeSection } from "./parts.js";
import { arrow } from "./scale.js";

/** @typedef {import("../core/store.js").Store} Store */

const ROWS = 18;
const HEADS = ["When", "With", "Protocol", "Flags", "Bytes"];

function makeRow() {
  const ways = { down: arrow("down"), up: arrow("up") };
  const who = make("bdi");
  const cells = HEADS.map((label, i) => make("td",
    { "data-label": label, class: i === HEADS.length - 1 ? "number" : "" }));
  const element = make("tr", { hidden: "" }, ...cells);
  cells[1].append(ways.down, ways.up, who);
  return {
    element,
    /** @param {import("../core/packets.js").Packet | undefined} p @param {number} skewMs */
    update(p, skewMs) {
      element.hidden = !p;
      if (!p)
        return;
      const at = p.at + skewMs;
      setText(cells[0], `${timeOfDay(at)}.${Math.floor(at % 1000).toString().padStart(3, "0")}`);
      ways.down.toggleAttribute("hidden", !p.isDown);
      ways.up.toggleAttribute("hidden", p.isDown);
      setText(who, tame(p.name ?? p.address));
      setText(cells[2], p.port ? `${p.proto} ${p.insidePort} \u2013 ${p.port}` : p.proto);
      setText(cells[3], p.packets > 1 ? `${count(p.packets)} packets` : p.flags);
      setText(cells[4], count(p.bytes));
    },
  };
}

/** @param {Store} store @param {string} mac */
export function makePackets(store, mac) {
  const packets = new Packets();
  const rows = Array.from({ length: ROWS }, makeRow);
  const table = make("table", { class: "list packets", "aria-label": "Packets" },
    make("thead", {}, make("tr", {}, ...HEADS.map((label, i) => make("th",
      { scope: "col", class: i === HEADS.length - 1 ? "number" : "" }, label)))),
    make("tbody", {}, ...rows.map(({ element }) => element)));
  const section = makeSection("Packets as they cross", table);

  function paint() {
    rows.forEach((row, i) => row.update(packets.rows[i], store.skewMs));
    section.say(packets.leftOut ? `${count(packets.leftOut)} left out: more than could be told` : "");
  }

  section.say("none since this page was opened");
  return {
    element: section.element,
    wish: `packets=1&device=${encodeURIComponent(mac)}`,
    /** @param {Record<string, unknown>} message */
    hear(message) {
      packets.take(message, mac);
      paintOnBeat(paint);
    },
  };
}
