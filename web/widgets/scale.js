// @ts-check
// scale.js - a scale that both directions share, in steps of 1, 2 or 5, and its
// labels in one fixed unit.
import { make, svg } from "../core/dom.js";

/** @typedef {{step: number, top: number, bottom: number}} Scale bits per second */

const MEGA = 1e6;
const LEAST_TOP = MEGA;
const STEPS = 6;

/** @param {number} n the next of 1, 2, 5, 10, … */
function round125(n) {
  const power = 10 ** Math.floor(Math.log10(n));
  return power * (/** @type {number} */ ([1, 2, 5, 10].find((m) => m * power >= n)));
}

/**
 * Holds 'down' above the axis and 'up' below it.
 * @param {number} down
 * @param {number} up
 * @returns {Scale}
 */
export function makeScale(down, up) {
  const step = round125(Math.max(LEAST_TOP, down + up) / STEPS);
  const reach = (/** @type {number} */ n) => Math.max(1, Math.ceil(n / step)) * step;
  return { step, top: reach(Math.max(down, LEAST_TOP)), bottom: reach(up) };
}

/** @param {Scale} scale @returns {number[]} from the lowest to the highest */
export function scaleLines({ step, top, bottom }) {
  const lines = Math.round((top + bottom) / step) + 1;
  return Array.from({ length: lines }, (_, i) => i * step - bottom);
}

const plain = new Intl.NumberFormat("en", { maximumSignificantDigits: 3, useGrouping: false });

/**
 * The labels at the left, over the chart that slides beneath them.
 * @returns {{element: HTMLElement,
 *            update: (scale: Scale, yOf: (bps: number) => number) => void}}
 */
export function makeScaleLabels() {
  const element = make("div", { class: "chart-scale", "aria-hidden": "true" });

  return {
    element,
    update(scale, yOf) {
      element.replaceChildren(...scaleLines(scale).map((bps) => {
        const label = make("span", {}, plain.format(Math.abs(bps) / MEGA));
        if (bps === scale.top)
          label.append(make("span", { class: "unit" }, "\u00a0Mb/s"));
        label.style.top = `${yOf(bps)}px`;
        return label;
      }));
    },
  };
}

/**
 * The arrow of a direction: down is to the home, up to the world.
 * @param {"down" | "up"} way
 */
export const arrow = (way) => svg("svg",
  { class: `arrow ${way}`, viewBox: "0 0 12 12", "aria-hidden": "true" },
  svg("path", { d: way === "down" ? "M6 1.5v9M2.5 7L6 10.5 9.5 7" :
    "M6 10.5v-9M2.5 5L6 1.5 9.5 5" }));
