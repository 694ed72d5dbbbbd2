// @ts-check
// cursor.js - what was at the moment under the pointer, or under the arrow keys:
// when, how much, and the three devices that moved most of it.
import { make, setText } from "../core/dom.js";
import { inWords, orDash, rate, tame, timeOfDay } from "../core/format.js";
import { SPAN_MS } from "../core/history.js";

/** @typedef {import("../core/source.js").Source} Source */

const TOP = 3;
const STEP_MS = 1000;
const GAP_PX = 12;

/** @param {number} n */
const words = (n) => inWords(orDash(n, rate)).trim();

function makeLine() {
  const name = make("bdi", { class: "tip-name" });
  const down = make("span", { class: "number down" });
  const up = make("span", { class: "number up" });
  return { cells: [name, down, up], name, down, up };
}

/**
 * @param {HTMLElement} area the chart, made a slider over its minute
 * @param {Source} source
 * @param {ReturnType<typeof import("./plot.js").makePlot>} plot
 * @param {() => void} onMove
 */
export function makeCursor(area, source, plot, onMove) {
  /** Pixels from the left; null: nowhere. @type {number | null} */
  let x = null;
  const rule = make("div", { class: "chart-rule", hidden: "" });
  const when = make("span", { class: "tip-when" });
  const lines = [makeLine(), ...Array.from({ length: TOP }, makeLine)];
  const tip = make("div", { class: "chart-tip", hidden: "" }, when,
    make("div", { class: "tip-grid" }, ...lines.flatMap(({ cells }) => cells)));

  area.append(rule, tip);
  area.addEventListener("pointermove", (event) =>
    go(event.clientX - area.getBoundingClientRect().left));
  area.addEventListener("pointerleave", () => go(null));
  area.addEventListener("blur", () => go(null));
  area.addEventListener("keydown", (event) => {
    const step = STEP_MS / SPAN_MS * area.clientWidth;
    const from = x ?? area.clientWidth;
    const to = { ArrowLeft: from - step, ArrowRight: from + step, Home: 0,
      End: area.clientWidth, Escape: null }[event.key];
    if (to === undefined)
      return;
    event.preventDefault();
    go(to);
    // Only now: a value that changes by itself would never let a reader finish.
    area.setAttribute("aria-valuenow",
      String(Math.round(((x ?? area.clientWidth) / area.clientWidth - 1) * SPAN_MS / 1000)));
    area.setAttribute("aria-valuetext", say());
  });

  /** @param {number | null} to */
  function go(to) {
    x = to === null ? null : Math.max(0, Math.min(area.clientWidth, to));
    onMove();
  }

  function read() {
    const at = plot.timeAt(x ?? area.clientWidth) - source.skewMs;
    const { boundary } = source;
    const i = boundary.nearest(at);
    return { at, i, rx: boundary.rx[i] ?? 0, tx: boundary.tx[i] ?? 0,
      busiest: i < 0 ? [] : source.busiest(at, TOP) };
  }

  function say() {
    const { at, i, rx, tx, busiest } = read();
    if (i < 0)
      return `${timeOfDay(at + source.skewMs)}, nothing heard`;
    const names = busiest.map(({ device: d }) => tame(d.name || d.ip || d.mac));
    return `${timeOfDay(at + source.skewMs)}, down ${inWords(rate(rx))}, up ` +
      [inWords(rate(tx)), ...names].join(", ");
  }

  function paint() {
    rule.hidden = tip.hidden = x === null;
    if (x === null)
      return;
    const { at, i, rx, tx, busiest } = read();
    const rows = [{ name: i < 0 ? "Nothing heard" : source.called, rates: [rx, tx] },
      ...busiest.map(({ device: d, rates }) =>
        ({ name: tame(d.name || d.ip || d.mac), rates }))];

    setText(when, timeOfDay(at + source.skewMs));
    lines.forEach(({ cells, name, down, up }, n) => {
      const row = rows[n];
      for (const cell of cells)
        cell.hidden = !row;
      setText(name, row?.name ?? "");
      setText(down, i < 0 ? "" : words(row?.rates[0] ?? 0));
      setText(up, i < 0 ? "" : words(row?.rates[1] ?? 0));
    });
    rule.style.transform = `translateX(${Math.round(x)}px)`;
    const isRight = x + tip.offsetWidth + 2 * GAP_PX > area.clientWidth;
    const left = isRight ? x - tip.offsetWidth - GAP_PX : x + GAP_PX;
    tip.style.transform = `translateX(${Math.round(Math.max(0, left))}px)`;
  }

  return { paint };
}
