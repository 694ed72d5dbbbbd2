// @ts-check
// strip.js - a stretch of the past, in which a span is chosen: by dragging, or with
// the arrow keys. Down is drawn above the line, up below it.
import { colour, make, setText } from "../core/dom.js";
import { duration, inWords, orDash, rate, shortTime, timeOfDay } from "../core/format.js";
import { stepWords } from "../core/span.js";
import { arrow } from "./scale.js";
import { takeTouch } from "./touch.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/span.js").Span} Span */
/** @typedef {import("../core/span.js").Series} Series */

export const AXIS_PX = 22;
export const FONT = "12px system-ui, sans-serif";
const LABEL_PX = 84;
const LETTER_PX = 7;
const KEY_STEPS = 60;
const MARKS_MS = [5000, 10_000, 15_000, 30_000, 60_000, 300_000, 600_000, 900_000, 1_800_000,
  3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000];

/** @param {string} rgb @param {number} [much] */
export const faint = (rgb, much = 0.2) => rgb.replace("rgb(", "rgba(").replace(")", `, ${much})`);

/** @param {(number | null)[]} list */
const most = (list) => list.reduce((/** @type {number} */ a, b) => Math.max(a, b ?? 0), 0);

/** Marks at whole hours of the clock on the wall. @param {number} min @param {number} max
 * @param {number} width */
export function marks(min, max, width) {
  const step = MARKS_MS.find((ms) => (max - min) / ms * LABEL_PX <= width) ?? 86_400_000;
  const zone = new Date(max).getTimezoneOffset() * 60_000;
  const first = Math.ceil((min - zone) / step) * step + zone;
  return Array.from({ length: Math.max(0, Math.floor((max - first) / step) + 1) },
    (_, i) => first + i * step);
}

/** What stands at the marks; at the edges there is no room for it.
 * @param {(at: number) => string} words */
export const wordsAt = (words) => (/** @type {any} */ u, /** @type {number[]} */ splits) =>
  splits.map((at) => {
    const text = words(at);
    const x = u.valToPos(at, "x");
    const half = text.length * LETTER_PX / 2;
    return x < half || x > u.over.clientWidth - half ? "" : text;
  });

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
  const { uPlot } = /** @type {any} */ (globalThis);
  /** @type {Record<string, string>} */
  let colours = {};
  let top = 1;
  let bottom = 1;
  let now = 0;
  let isHeld = false;
  let isReady = false;
  /** @type {Span} */
  let span = { from: 0, to: 0 };

  const ways = (/** @type {string} */ name) => ({ stroke: () => colours[name],
    fill: () => faint(colours[name]), width: 1, points: { show: false } });
  const plot = new uPlot({
    width: 100, height: 96, padding: [4, 0, 0, 0], legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: false }, y: { range: () => [-bottom, top] } },
    series: [{}, ways("--down"), ways("--up")],
    axes: [{ size: AXIS_PX, gap: 4, font: FONT, stroke: () => colours["--muted"],
      ticks: { show: false }, grid: { width: 1, stroke: () => colours["--line"] },
      splits: (/** @type {any} */ u, /** @type {number} */ _i, /** @type {number} */ min,
        /** @type {number} */ max) => marks(min, max, u.width),
      values: wordsAt(strip.spanMs > 600_000 ? shortTime : timeOfDay),
    }, { show: false }],
    hooks: { draw: [drawZero], setSelect: [pick], setCursor: [say] },
  }, [[], [], []], area);

  /** @param {any} u */
  function drawZero(u) {
    u.ctx.fillStyle = colours["--muted"];
    u.ctx.fillRect(u.bbox.left, Math.round(u.valToPos(0, "y", true)), u.bbox.width, 1);
  }

  /** @param {any} u */
  function pick(u) {
    if (u.select.width > 1)
      onPick({ from: u.posToVal(u.select.left, "x") - store.skewMs,
        to: u.posToVal(u.select.left + u.select.width, "x") - store.skewMs });
    else
      showSpan();
  }

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

  /** The chosen span, as far as it lies within. */
  function showSpan() {
    const width = plot.over.clientWidth;
    const x = (/** @type {number} */ at) => Math.min(width, Math.max(0,
      plot.valToPos(at + store.skewMs, "x")));
    const left = x(span.from);
    const right = x(span.to);
    plot.root.classList.toggle("elsewhere", right <= 0 || left >= width);
    plot.setSelect({ left: Math.min(left, width - 2), width: Math.max(2, right - left),
      top: 0, height: plot.over.clientHeight }, false);
    area.setAttribute("aria-valuenow", String(Math.round((span.to - now) / 1000)));
    area.setAttribute("aria-valuetext", `${timeOfDay(span.from + store.skewMs)} to ` +
      `${timeOfDay(span.to + store.skewMs)}, ${duration((span.to - span.from) / 1000)}`);
  }

  function draw() {
    if (isHeld || !isReady)
      return;
    top = Math.max(1000, most(series.rx)) * 1.05;
    bottom = Math.max(most(series.tx) * 1.05, top / 4);
    plot.batch(() => {
      plot.setData([series.at.map((t) => t + store.skewMs), series.rx,
        series.tx.map((n) => n && -n)], false);
      plot.setScale("x", { min: now + store.skewMs - strip.spanMs, max: now + store.skewMs });
      plot.setScale("y", { min: -bottom, max: top });
    });
    showSpan();
    say(plot);
  }

  takeTouch(plot);
  area.addEventListener("pointerdown", () => {
    isHeld = true;
  });
  const release = () => {
    isHeld = false;
  };
  addEventListener("pointerup", release);
  addEventListener("pointercancel", release);
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
  new ResizeObserver(() => {
    if (!area.clientWidth)
      return;
    plot.setSize({ width: area.clientWidth, height: area.clientHeight });
    isReady = true;
    draw();
  }).observe(area);

  return {
    element,
    draw,
    /** @param {Span} chosen @param {number} clock @param {boolean} isAll */
    show(chosen, clock, isAll) {
      span = chosen;
      now = clock;
      all.setAttribute("aria-pressed", String(isAll));
      draw();
    },
    recolour() {
      colours = Object.fromEntries(["--down", "--up", "--line", "--muted"].map(
        (name) => [name, colour(name)]));
      draw();
    },
    leave() {
      removeEventListener("pointerup", release);
      removeEventListener("pointercancel", release);
      plot.destroy();
    },
  };
}
