// @ts-check
// band.js - a stretch of the past, drawn from edge to edge, in which a span is chosen
// by dragging.
import { colour } from "../core/dom.js";
import { takeTouch } from "./touch.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/span.js").Span} Span */

const AXIS_PX = 22;
const FONT = "12px system-ui, sans-serif";
const LABEL_PX = 84;
const LETTER_PX = 7;
const MARKS_MS = [5000, 10_000, 15_000, 30_000, 60_000, 300_000, 600_000, 900_000, 1_800_000,
  3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000];

/** @param {string} rgb @param {number} [much] */
export const faint = (rgb, much = 0.2) => rgb.replace("rgb(", "rgba(").replace(")", `, ${much})`);

/** Marks at whole hours of the clock on the wall. @param {number} min @param {number} max
 * @param {number} width */
function marks(min, max, width) {
  const step = MARKS_MS.find((ms) => (max - min) / ms * LABEL_PX <= width) ?? 86_400_000;
  const zone = new Date(max).getTimezoneOffset() * 60_000;
  const first = Math.ceil((min - zone) / step) * step + zone;
  return Array.from({ length: Math.max(0, Math.floor((max - first) / step) + 1) },
    (_, i) => first + i * step);
}

/** What stands at the marks; at the edges there is no room for it.
 * @param {(at: number) => string} words */
const wordsAt = (words) => (/** @type {any} */ u, /** @type {number[]} */ splits) =>
  splits.map((at) => {
    const text = words(at);
    const x = u.valToPos(at, "x");
    const half = text.length * LETTER_PX / 2;
    return x < half || x > u.over.clientWidth - half ? "" : text;
  });

/**
 * After loadPlots().
 * @param {HTMLElement} area
 * @param {Store} store
 * @param {{height: number, inks: string[],
 *   lines: (inkOf: (name: string) => string) => object[], timeWords: (at: number) => string,
 *   limits: () => number[], onDraw: (plot: any) => void, onPointer: (plot: any) => void,
 *   onPick: (span: Span) => void}} how  'lines': uPlot's two series; 'limits': the least
 *   and the most of what is drawn; 'onDraw' gives the plot its data
 */
export function makeBand(area, store, how) {
  const { uPlot } = /** @type {any} */ (globalThis);
  /** @type {Record<string, string>} */
  let colours = {};
  /** @type {Span} */
  let span = { from: 0, to: 0 };
  let isHeld = false;
  let isReady = false;

  const plot = new uPlot({
    width: 100, height: how.height, padding: [4, 0, 0, 0], legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: false }, y: { range: how.limits } },
    series: [{}, ...how.lines((name) => colours[name])],
    axes: [{ size: AXIS_PX, gap: 4, font: FONT, stroke: () => colours["--muted"],
      ticks: { show: false }, grid: { width: 1, stroke: () => colours["--line"] },
      splits: (/** @type {any} */ u, /** @type {number} */ _i, /** @type {number} */ min,
        /** @type {number} */ max) => marks(min, max, u.width),
      values: wordsAt(how.timeWords),
    }, { show: false }],
    hooks: { draw: [drawZero], setSelect: [pick], setCursor: [how.onPointer] },
  }, [[], [], []], area);

  /** @param {any} u */
  function drawZero(u) {
    u.ctx.fillStyle = colours["--muted"];
    u.ctx.fillRect(u.bbox.left, Math.round(u.valToPos(0, "y", true)), u.bbox.width, 1);
  }

  /** @param {any} u */
  function pick(u) {
    if (u.select.width > 1)
      how.onPick({ from: u.posToVal(u.select.left, "x") - store.skewMs,
        to: u.posToVal(u.select.left + u.select.width, "x") - store.skewMs });
    else
      showSpan();
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
  }

  function draw() {
    if (isHeld || !isReady)
      return;
    plot.batch(() => how.onDraw(plot));
    showSpan();
    how.onPointer(plot);
  }

  const release = () => {
    isHeld = false;
  };
  takeTouch(plot);
  area.addEventListener("pointerdown", () => {
    isHeld = true;
  });
  addEventListener("pointerup", release);
  addEventListener("pointercancel", release);
  new ResizeObserver(() => {
    if (!area.clientWidth)
      return;
    plot.setSize({ width: area.clientWidth, height: area.clientHeight });
    isReady = true;
    draw();
  }).observe(area);

  return {
    draw,
    /** @param {Span} chosen */
    show(chosen) {
      span = chosen;
      draw();
    },
    recolour() {
      colours = Object.fromEntries([...how.inks, "--line", "--muted"].map(
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
