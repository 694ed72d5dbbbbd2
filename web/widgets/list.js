// @ts-check
// list.js - a plain table: rows by key, changed in place, so that focus and
// selections last; below 600 px each row is a card. A long one is shown by and by.
import { make, setText } from "../core/dom.js";
import { count } from "../core/format.js";
import { placesOf, slide } from "./slide.js";

const ROWS = 25;
const MORE = 75;
/** A first screenful; the rest is made when the browser has nothing else to do. */
const AT_ONCE = 12;
const IDLE_MS = 500;
/** With more columns, rows become cards where others do not yet. */
const MANY = 6;

/**
 * @template T
 * @typedef {{
 *   label: string, kind?: string, width?: string,
 *   text?: (row: T) => string,
 *   make?: (row: T) => Node,
 * }} Column  'make' is asked again whenever its row differs; columns without a
 *   width share what is left: no row that comes moves those of others
 */

/**
 * Makes what is in a cell anew; who was on it stays there.
 * @template T
 * @param {HTMLElement} cell @param {(row: T) => Node} makeIt @param {T} data
 * @returns {boolean} false: somebody is typing there
 */
function renew(cell, makeIt, data) {
  const focus = document.activeElement;
  const isHere = cell.contains(focus);
  if (isHere && focus?.matches("input, select"))
    return false;
  cell.replaceChildren(makeIt(data));
  if (isHere)
    /** @type {HTMLElement | null} */ (cell.querySelector("button, a, input"))?.focus();
  return true;
}

/** @param {Column<any>} column */
function makeHead({ label, kind, width }) {
  const head = make("th", { scope: "col", class: kind ?? "" }, label);
  if (width)
    head.style.width = width;
  return head;
}

/**
 * @template T
 * @param {string} label
 * @param {Column<T>[]} columns
 * @param {(row: T) => string} keyOf
 * @param {number} [rowsAtFirst] rows that are shown before one asks for more
 */
export function makeList(label, columns, keyOf, rowsAtFirst = ROWS) {
  const body = make("tbody");
  const more = make("button", { type: "button", class: "act more-rows", hidden: "" });
  let max = rowsAtFirst;
  let room = AT_ONCE;
  /** @type {T[]} */
  let latest = [];
  let isPut = false;
  const table = make("table", { class: columns.length > MANY ? "list wide" : "list",
    hidden: "", "aria-label": label },
    make("thead", {}, make("tr", {}, ...columns.map(makeHead))), body);
  /** @type {Map<string, {row: HTMLElement, cells: HTMLElement[], said: string}>} */
  const rows = new Map();

  /** @param {Column<T>} c @param {number} i */
  const makeCell = (c, i) => make(i ? "td" : "th",
    { ...(!i && { scope: "row" }), class: c.kind ?? "", "data-label": c.label });

  /** @param {T} data */
  function rowOf(data) {
    const key = keyOf(data);
    const said = JSON.stringify(data);
    let one = rows.get(key);
    if (!one) {
      const cells = columns.map(makeCell);
      one = { row: make("tr", {}, ...cells), cells, said: "" };
      rows.set(key, one);
    }
    let isKept = true;
    if (one.said !== said)
      columns.forEach((c, i) => {
        const cell = /** @type {HTMLElement} */ (one?.cells[i]);
        if (c.text)
          setText(cell, c.text(data));
        else if (c.make)
          isKept = renew(cell, c.make, data) && isKept;
      });
    // What somebody is typing into is made anew when they are done.
    one.said = isKept ? said : "";
    return one.row;
  }

  /** @param {T[]} all */
  function update(all) {
    latest = all;
    const shown = all.slice(0, Math.min(max, room));
    const keys = new Set(shown.map(keyOf));
    const isOther = shown.some((data, i) => body.children[i] !== rows.get(keyOf(data))?.row);
    const before = isOther ? placesOf(rows.values()) : null;
    for (const [key, { row }] of rows) {
      if (keys.has(key))
        continue;
      row.remove();
      rows.delete(key);
    }
    shown.forEach((data, i) => {
      const row = rowOf(data);
      if (body.children[i] !== row)
        body.insertBefore(row, body.children[i] ?? null);
    });
    table.hidden = !all.length;
    more.hidden = all.length <= max || room < max;
    setText(more, `Show ${count(Math.min(MORE, all.length - max))} more of ${count(all.length)}`);
    if (before?.size)
      slide(before);
    if (all.length > room)
      makeRest();
  }

  /** All that is not on the first screen, once. */
  function makeRest() {
    if (isPut)
      return;
    isPut = true;
    requestIdleCallback(() => {
      room = Infinity;
      update(latest);
    }, { timeout: IDLE_MS });
  }

  more.addEventListener("click", () => {
    const before = body.lastElementChild;
    max += MORE;
    update(latest);
    // Who pressed the last of it goes on where it was.
    const next = /** @type {HTMLElement | null} */ (more.hidden ? before?.nextElementSibling : null);
    next?.setAttribute("tabindex", "-1");
    next?.focus();
  });
  return { element: make("div", {}, table, more), update };
}
