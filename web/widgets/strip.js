// @ts-check
// strip.js - a stretch of the past, in which a span is chosen: by dragging, or with
// the arrow keys. Down is drawn above the line, up below it.
import { make } from "../core/dom.js";
import { duration, inWords, orDash, rate, shortTime, timeOfDay } from "../core/format.js";
import { stepWords } from "../core/span.js";
import { faint, makeBand } from "./band.js";
import { arrow } from "./scale.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/span.js").Span} Span */
/** @typedef {import("../core/span.js").Series} Series */

const KEY_STEPS = 60;

/** @param {(number | null)[]} list */
const most = (list) => list.reduce((/** @type {number} */ a, b) => Math.max(a, b ?? 0), 0);

/**
 * After loadPlots().
 * @param {import("../core/span.js").Strip} strip
 * @param {Series} series
 * @param {Store} store
 * @param {{onPick: (span: Span) => void, onAll: () => void}} on
 */
export function makeStrip(strip, series, store, { onPick, onAll }) {
  const said = make("span", { class: "strip-said" });
  const area = make("div", { class: "strip-area", tabindex: "0", role: "slider",
    "aria-label": `Span within the ${strip.label.toLowerCase()}`,
    "aria-valuemin": String(-strip.spanMs / 1000), "aria-valuemax": "0", "aria-valuenow": "0" });
  const all = make("button", { type: "button", class: "strip-all" }, strip.label);
  const element = make("div", { class: "strip" },
    make("div", { class: "strip-head" }, all, said), area);
  let top = 1;
  let bottom = 1;
  let now = 0;
  /** @type {Span} */
  let span = { from: 0, to: 0 };

  const band = makeBand(area, store, {
    height: 96, inks: ["--down", "--up"],
    lines: (inkOf) => ["--down", "--up"].map((name) => ({ stroke: () => inkOf(name),
      fill: () => faint(inkOf(name)), width: 1, points: { show: false } })),
    timeWords: strip.spanMs > 600_000 ? shortTime : timeOfDay,
    limits: () => [-bottom, top],
    onDraw: fill, onPointer: say, onPick,
  });

  /** What was under the pointer, or else the most there was in one step. @param {any} u */
  function say(u) {
    const i = u.cursor.left < 0 ? null : u.cursor.idx ?? null;
    const line = (/** @type {"down" | "up"} */ way, /** @type {number} */ bps) =>
      make("span", {}, arrow(way), inWords(orDash(bps, rate)));
    const step = series.at.length ? ` in ${stepWords(series.stepMs)}` : "";
    said.replaceChildren(
      make("span", {}, i === null ? `at most${step}` : timeOfDay(series.at[i] + store.skewMs)),
      line("down", i === null ? most(series.rx) : series.rx[i] ?? 0),
      line("up", i === null ? most(series.tx) : series.tx[i] ?? 0));
  }

  /** @param {any} plot */
  function fill(plot) {
    const { skewMs } = store;
    top = Math.max(1000, most(series.rx)) * 1.05;
    bottom = Math.max(most(series.tx) * 1.05, top / 4);
    plot.setData([series.at.map((t) => t + skewMs), series.rx, series.tx.map((n) => n && -n)], false);
    plot.setScale("x", { min: now + skewMs - strip.spanMs, max: now + skewMs });
    plot.setScale("y", { min: -bottom, max: top });
  }

  all.addEventListener("click", onAll);
  area.addEventListener("keydown", (event) => {
    const step = strip.spanMs / KEY_STEPS;
    const way = { ArrowLeft: -step, ArrowRight: step, PageUp: -10 * step, PageDown: 10 * step }[event.key];
    const inside = span.from >= now - strip.spanMs - step && span.to - span.from < strip.spanMs ?
      span : { from: now - step * 10, to: now };
    if (event.key === "Home")
      onPick({ from: now - strip.spanMs, to: now - strip.spanMs + inside.to - inside.from });
    else if (event.key === "End")
      onPick({ from: now - inside.to + inside.from, to: now });
    else if (event.key === "Escape")
      onAll();
    else if (way && event.shiftKey)
      onPick({ from: inside.from, to: Math.max(inside.to + way, inside.from + step) });
    else if (way)
      onPick({ from: inside.from + way, to: inside.to + way });
    else
      return;
    event.preventDefault();
  });

  return {
    element,
    draw: band.draw,
    /** @param {Span} chosen @param {number} clock @param {boolean} isAll */
    show(chosen, clock, isAll) {
      span = chosen;
      now = clock;
      all.setAttribute("aria-pressed", String(isAll));
      area.setAttribute("aria-valuenow", String(Math.round((span.to - now) / 1000)));
      area.setAttribute("aria-valuetext", `${timeOfDay(span.from + store.skewMs)} to ` +
        `${timeOfDay(span.to + store.skewMs)}, ${duration((span.to - span.from) / 1000)}`);
      band.show(chosen);
    },
    recolour: band.recolour,
    leave: band.leave,
  };
}
