// @ts-check
// spark.js - the last minute of one device in 96 by 24: down above the line, up
// below it, in the same scale. What was not heard is a gap.
import { svg } from "../core/dom.js";
import { DEVICE_SAMPLES } from "../core/history.js";

/** @typedef {import("../core/history.js").Minute} Minute */

const WIDTH = 96;
const HEIGHT = 24;
const STEP = WIDTH / (DEVICE_SAMPLES - 1);
/** A whisper stays one: less than this does not fill the height. */
const FULL_BPS = 10_000;
/** What would only colour the line, px. */
const LEAST = 0.4;
/** Where the line may lie: mostly down, mostly up, or both. */
const LINES = [19, 12, 5];

/** @param {number} n */
const short = (n) => n.toFixed(1);

/**
 * The outline over the samples, closed along the line.
 * @param {(number | null)[]} heights
 * @param {number} line
 * @param {1 | -1} way downwards or upwards
 */
function outline(heights, line, way) {
  let path = "";
  // Nothing, between nothing, is left to the line itself.
  const isDrawn = (/** @type {number} */ i) => (heights[i] ?? null) !== null &&
    Boolean(heights[i] || heights[i - 1] || heights[i + 1]);
  heights.forEach((height, i) => {
    if (height === null || !isDrawn(i))
      return;
    const x = short(i * STEP);
    if (!isDrawn(i - 1))
      path += `M${x} ${line}`;
    path += `L${x} ${short(line + way * height)}`;
    if (!isDrawn(i + 1))
      path += `L${x} ${line}Z`;
  });
  return path;
}

/**
 * @returns {{element: SVGElement, update: (minute: Minute, beat: number) => void}}
 */
export function makeSpark() {
  const down = svg("path", { class: "spark-down" });
  const up = svg("path", { class: "spark-up" });
  const axis = svg("path", { class: "spark-axis" });
  const element = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    "aria-hidden": "true" }, axis, down, up);

  return {
    element,
    update(minute, beat) {
      const samples = Array.from({ length: DEVICE_SAMPLES },
        (_, i) => minute.get(beat - DEVICE_SAMPLES + 1 + i));
      const most = (/** @type {0 | 1} */ way) =>
        Math.max(0, ...samples.map((s) => s?.[way] ?? 0));
      const rx = most(0);
      const tx = most(1);
      const line = LINES[tx > 2 * rx ? 2 : 2 * tx > rx ? 1 : 0];
      const perPixel = Math.max(rx / (line - 1), tx / (HEIGHT - line - 1),
        FULL_BPS / HEIGHT);

      const heights = (/** @type {0 | 1} */ way) => samples.map((s) =>
        s && (s[way] / perPixel < LEAST ? 0 : s[way] / perPixel));
      axis.setAttribute("d", `M0 ${line}H${WIDTH}`);
      down.setAttribute("d", outline(heights(0), line, -1));
      up.setAttribute("d", outline(heights(1), line, 1));
    },
  };
}
