// @ts-check
// devices.js - the table of devices: a row for each, kept while it lives; rows
// slide to their place when the order changes.
import { make } from "../core/dom.js";
import { DEVICE_SAMPLES } from "../core/history.js";
import { staying } from "../core/order.js";
import { COLUMNS, makeRow, nameOf } from "./row.js";
import { arrow } from "./scale.js";
import { placesOf, slide } from "./slide.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/store.js").Device} Device */
/** @typedef {(device: Device) => number} Weight */

/** Rows that change place all the time cannot be read. */
const ORDER_MS = 3000;
/** Of the rows out of sight so many are changed at a time, and as much of the
 * screen around it counts as in sight. */
const TURN = 24;
const MARGIN = "50%";

/** @param {Device} d @param {number} beat what it moved in the last minute */
function minuteOf({ minute }, beat) {
  let sum = 0;
  for (let i = 0; i < DEVICE_SAMPLES; i++) {
    const rates = minute.get(beat - i);
    sum += rates ? rates[0] + rates[1] : 0;
  }
  return sum;
}

const { compare } = new Intl.Collator("en", { numeric: true });

/** @param {Device} a @param {Device} b */
const byName = (a, b) => compare(nameOf(a), nameOf(b)) || (a.mac < b.mac ? -1 : 1);

/** @param {Store} store */
export function makeDevices(store) {
  const body = make("tbody", { role: "rowgroup" });
  const heads = COLUMNS.map(makeHead);
  const element = make("table",
    { class: "devices", role: "table", "aria-labelledby": "devices-head" },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads)), body);
  /** @type {Map<string, ReturnType<typeof makeRow>>} by MAC */
  const rows = new Map();
  /** @type {WeakSet<Element>} rows that nobody can see now */
  const unseen = new WeakSet();
  const sight = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes)
      if (isIntersecting)
        unseen.delete(target);
      else
        unseen.add(target);
  }, { rootMargin: MARGIN });
  let key = "minute";
  let orderedAt = -Infinity;
  let turn = 0;

  /** @param {(typeof COLUMNS)[number]} column */
  function makeHead(column) {
    const button = make("button", { type: "button" });
    if (column.way)
      button.append(arrow(/** @type {"down" | "up"} */ (column.way)));
    button.append(column.label);
    button.addEventListener("click", () => {
      key = column.key;
      orderedAt = -Infinity;
      update();
    });
    return make("th", { role: "columnheader", scope: "col",
      ...(column.kind && { class: column.kind }) }, button);
  }

  /** @returns {Device[]} */
  function sorted() {
    const devices = [...store.devices.values()].sort(byName);
    if (key === "name")
      return devices;
    /** @type {Record<string, Weight>} */
    const ways = { minute: (d) => minuteOf(d, store.beats.count), rx_today: (d) => d.today.rx,
      tx_today: (d) => d.today.tx };
    const weigh = ways[key] ?? ((d) => Number(d[/** @type {keyof Device} */ (key)] ?? 0));
    const weights = new Map(devices.map((d) => [d, weigh(d)]));
    return devices.sort((a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0));
  }

  function order() {
    const before = placesOf(rows.values());
    const places = new Map(Array.from(body.children, (row, i) => [row, i]));
    const wanted = sorted().flatMap(({ mac }) => rows.get(mac)?.row ?? []);
    const stay = staying(wanted.flatMap((row) => places.get(row) ?? []));
    wanted.reduceRight((/** @type {Node | null} */ next, row) => {
      if (!stay.has(places.get(row) ?? -1))
        body.insertBefore(row, next);
      return row;
    }, null);
    heads.forEach((head, i) => {
      if (COLUMNS[i].key === key)
        head.setAttribute("aria-sort", key === "name" ? "ascending" : "descending");
      else
        head.removeAttribute("aria-sort");
    });
    slide(before);
  }

  function update() {
    let isNew = false;
    for (const [mac, { row }] of rows) {
      if (store.devices.has(mac))
        continue;
      sight.unobserve(row);
      row.remove();
      rows.delete(mac);
    }
    const turns = Math.max(1, Math.ceil(store.devices.size / TURN));
    turn = (turn + 1) % turns;
    [...store.devices.values()].forEach((device, i) => {
      const row = rows.get(device.mac) ?? makeRow();
      if (!rows.has(device.mac)) {
        isNew = true;
        rows.set(device.mac, row);
        sight.observe(row.row);
      }
      if (!unseen.has(row.row) || i % turns === turn)
        row.update(device, store.devicesAt, store.beats.count);
    });
    if (!isNew && performance.now() - orderedAt < ORDER_MS)
      return;
    orderedAt = performance.now();
    order();
  }

  return { element, update };
}
