// @ts-check
// plot.js - the drawing of the last minute. It is drawn when there is something
// new, a little wider than what is seen, and slides beneath its window meanwhile.
// All steps are whole pixels of the screen, so that lines do not shimmer.
import { colour } from "../core/dom.js";
import { timeOfDay } from "../core/format.js";
import { SPAN_MS } from "../core/history.js";
import { makeScale, scaleLines } from "./scale.js";

/** @typedef {import("../core/source.js").Source} Source */

/** Drawn beyond the window, for the time until the next drawing. */
const MARGIN_MS = 2000;
const AXIS_PX = 24;
const FONT = "12px system-ui, sans-serif";
const LABEL_PX = 90;

/** @param {string} rgb as computed styles say it */
const faint = (rgb) => rgb.replace("rgb(", "rgba(").replace(")", ", 0.2)");

/** @param {(number | null)[]} list */
const most = (list) => list.reduce((/** @type {number} */ a, b) => Math.max(a, b ?? 0), 0);

/**
 * After loadPlots().
 * @param {HTMLElement} root what slides
 * @param {Source} source
 */
export function makePlot(root, source) {
  const { uPlot } = /** @type {any} */ (globalThis);
  /** @type {Record<string, string>} */
  let colours = {};
  let scale = makeScale(0, 0);
  let width = 0;
  let msPerPx = 1; // CSS pixels
  let quantum = 1; // milliseconds in one pixel of the screen
  let drawnTo = 0;
  let shown = NaN;
  let splitMs = 10_000;

  const ways = (/** @type {"--down" | "--up"} */ name) => ({
    stroke: () => colours[name], fill: () => faint(colours[name]), width: 1.5,
    points: { show: false },
  });
  const plot = new uPlot({
    width: 100, height: 100, padding: [8, 0, 0, 0], legend: { show: false },
    cursor: { show: false }, select: { show: false },
    scales: { x: { time: false }, y: { range: () => [-scale.bottom, scale.top] } },
    series: [{}, ways("--down"), ways("--up")],
    axes: [{
      size: AXIS_PX, gap: 6, font: FONT, stroke: () => colours["--muted"],
      ticks: { show: false }, grid: { width: 1, stroke: () => colours["--line"] },
      splits: (/** @type {any} */ _u, /** @type {number} */ _i,
        /** @type {number} */ min, /** @type {number} */ max) => {
        const first = Math.ceil(min / splitMs) * splitMs;
        const n = Math.max(0, Math.floor((max - first) / splitMs) + 1);
        return Array.from({ length: n }, (_, i) => first + i * splitMs);
      },
      values: (/** @type {any} */ _u, /** @type {number[]} */ splits) =>
        splits.map(timeOfDay),
    }, {
      size: 0, ticks: { show: false }, splits: () => scaleLines(scale),
      values: (/** @type {any} */ _u, /** @type {number[]} */ splits) =>
        splits.map(() => ""),
      grid: { width: 1, stroke: () => colours["--line"] },
    }],
    hooks: { draw: [drawZero] },
  }, [[], [], []], root);

  /** The line between home and world. @param {any} u */
  function drawZero(u) {
    const y = Math.round(u.valToPos(0, "y", true));
    u.ctx.fillStyle = colours["--muted"];
    u.ctx.fillRect(u.bbox.left, y, u.bbox.width, 1);
  }

  /** The time at the right edge, by this computer's clock: so old that it rarely
   * waits for what is still under way. */
  const edge = () => Date.now() - source.delayMs;

  return {
    readColours() {
      colours = Object.fromEntries(["--down", "--up", "--line", "--muted"].map(
        (name) => [name, colour(name)]));
    },

    /** @param {number} w @param {number} h */
    resize(w, h) {
      width = w;
      msPerPx = SPAN_MS / w;
      quantum = msPerPx / devicePixelRatio;
      splitMs = [5000, 10_000, 15_000, 20_000, 30_000].find(
        (ms) => ms / msPerPx >= LABEL_PX) ?? 60_000;
      plot.setSize({ width: w + Math.ceil(MARGIN_MS / msPerPx), height: h });
    },

    /** False: time went on beyond what was drawn. */
    get reachesEdge() {
      return edge() < drawnTo;
    },

    /** @returns {import("./scale.js").Scale} the one it was drawn in */
    draw() {
      const { boundary: { at, rx, tx }, skewMs } = source;
      const newest = Math.max((at.at(-1) ?? 0) + skewMs, edge());

      drawnTo = Math.ceil((newest + MARGIN_MS / 2) / quantum) * quantum;
      scale = makeScale(most(rx), most(tx));
      plot.batch(() => {
        plot.setData([at.map((t) => t + skewMs), rx, tx.map((n) => n && -n)], false);
        plot.setScale("x", { min: drawnTo - plot.width * msPerPx, max: drawnTo });
        plot.setScale("y", { min: -scale.bottom, max: scale.top });
      });
      return scale;
    },

    slide() {
      const steps = Math.round((edge() - drawnTo) / quantum);
      const left = (width - plot.width) - steps / devicePixelRatio;
      if (left !== shown)
        root.style.transform = `translateX(${left}px)`;
      shown = left;
    },

    /** @param {number} bps @returns {number} */
    yOf: (bps) => plot.valToPos(bps, "y") + plot.bbox.top / devicePixelRatio,
    /** @param {number} x @returns {number} by this computer's clock */
    timeAt: (x) => edge() - (width - x) * msPerPx,
    /** @param {number} at */
    xOf: (at) => width - (edge() - at) / msPerPx,
  };
}
