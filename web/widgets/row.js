// @ts-check
// row.js - one device of the table; changed in place while it lives.
import { drawing, make, setQuantity, setText } from "../core/dom.js";
import { ago, bytes, orDash, rate, tame } from "../core/format.js";
import { writeRoute } from "../core/route.js";
import { kindOf, isRandomised, KINDS } from "./kinds.js";
import { makeSpark } from "./spark.js";

/** @typedef {import("../core/store.js").Device} Device */

const ACTIVE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What sorts, in the order of the cells. */
export const COLUMNS = [
  { key: "name", label: "Device", kind: "", way: null },
  { key: "minute", label: "Last minute", kind: "wide", way: null },
  { key: "rx_bps", label: "Down", kind: "number", way: "down" },
  { key: "tx_bps", label: "Up", kind: "number", way: "up" },
  { key: "rx_today", label: "Received today", kind: "number total", way: null },
  { key: "tx_today", label: "Sent today", kind: "number total", way: null },
  { key: "last_seen_ms", label: "Seen", kind: "number", way: null },
];

/** @param {Device} d */
export const nameOf = (d) => tame(d.name || d.hostname || d.ip || d.mac);

/** @param {Device} d @param {number} now the gateway's clock */
export const isActive = (d, now) =>
  d.last_seen_ms !== null && now - d.last_seen_ms < ACTIVE_MS;

/** @param {Element} holder @param {string} kind */
function setKind(holder, kind) {
  if (holder.getAttribute("data-kind") === kind)
    return;
  const { label, path } = KINDS[kind];
  holder.setAttribute("data-kind", kind);
  holder.setAttribute("title", label);
  holder.replaceChildren(drawing(path));
}

/** @param {{label: string, kind: string}} column @param {number} i */
const makeCell = ({ label, kind }, i) => make(i ? "td" : "th", {
  role: i ? "cell" : "rowheader", ...(!i && { scope: "row" }),
  ...(kind && { class: kind }), ...(i && { "data-label": label }),
});

export function makeRow() {
  const icon = make("span", { class: "icon" });
  const called = make("bdi");
  const name = make("a", { class: "device-name" }, called);
  const vendor = make("span");
  const ip = make("span", { class: "device-ip" });
  const mac = make("span", { class: "device-mac" });
  const made = make("abbr", { class: "made", hidden: "",
    title: "The device made this address up, to be recognised by no network" },
  "made-up address");
  const fresh = make("span");
  const spark = makeSpark();
  const dot = make("span", { class: "dot" });
  const when = make("span");
  const cells = COLUMNS.map(makeCell);
  const [down, up, received, sent] = cells.slice(2, 6).map((cell) => {
    const quantity = make("span");
    cell.append(quantity);
    return quantity;
  });

  cells[0].append(make("div", { class: "device" }, icon,
    make("div", { class: "device-words" }, name,
      make("span", { class: "device-more" }, vendor, made, fresh, ip, mac))));
  cells[1].append(spark.element);
  cells[6].append(make("span", { class: "seen" }, when, dot));
  return {
    row: make("tr", { role: "row" }, ...cells),
    /** @param {Device} d @param {number} now @param {number} beat */
    update(d, now, beat) {
      const first = d.first_seen_ms ?? 0;
      setKind(icon, kindOf(d));
      setText(called, nameOf(d));
      name.setAttribute("href", writeRoute("device", d.mac));
      name.title = nameOf(d);
      setText(vendor, d.vendor ?? "Unknown maker");
      vendor.hidden = !d.vendor && isRandomised(d.mac);
      made.hidden = !isRandomised(d.mac);
      fresh.hidden = first < now - DAY_MS;
      setText(fresh, fresh.hidden ? "" : `came ${ago(first, now)}`);
      setText(ip, d.ip ?? "no address");
      ip.hidden = nameOf(d) === d.ip;
      setText(mac, d.mac);
      spark.update(d.minute, beat);
      setQuantity(down, orDash(d.rx_bps, rate));
      setQuantity(up, orDash(d.tx_bps, rate));
      setQuantity(received, orDash(d.today.rx, bytes));
      setQuantity(sent, orDash(d.today.tx, bytes));
      setText(when, ago(d.last_seen_ms, now));
      dot.setAttribute("data-on", String(isActive(d, now)));
    },
  };
}
