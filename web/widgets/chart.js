// @ts-check
// chart.js - the last minute of the whole boundary, or of one device: down above, up
// mirrored below, the newest second at the right edge.
import { make } from "../core/dom.js";
import { isStill, paintSoon } from "../core/frame.js";
import { makeCursor } from "./cursor.js";
import { makePlot } from "./plot.js";
import { arrow, makeScaleLabels } from "./scale.js";

/** @typedef {import("../core/source.js").Source} Source */

/** A line that slides 20 pixels a second needs no more pictures; each costs. */
const SHORTEST_MS = 100;
const STILL_MS = 1000;

/** @param {"down" | "up"} way @param {string} words */
const legend = (way, words) => make("span", { class: "legend" }, arrow(way), words);

/**
 * @param {Source} source
 * @returns {{element: HTMLElement, update: () => void, recolour: () => void}}
 */
export function makeChart(source) {
  const slider = make("div", { class: "chart-slide" });
  const area = make("div", { class: "chart-area", tabindex: "0", role: "slider",
    "aria-label": `${source.name} in the last minute, seconds ago`,
    "aria-valuemin": "-60", "aria-valuemax": "0", "aria-valuenow": "0",
    "aria-valuetext": "now; the arrow keys go back in time" }, slider);
  const labels = makeScaleLabels();
  const frame = make("div", { class: "chart-frame" }, labels.element, area);
  const element = make("section", { class: "boundary", "aria-labelledby": "boundary-head" },
    make("header", { class: "band" },
      make("h2", { class: "head", id: "boundary-head" }, `${source.name}, last minute`,
        make("span", { class: "band-unit" }, ", Mb/s")),
      make("p", { class: "legends" }, legend("down", "to home"),
        legend("up", "to world"))),
    frame);

  const plot = makePlot(slider, source);
  const cursor = makeCursor(area, source, plot, () => paintSoon(paint));
  let isDirty = true;
  let isReady = false;
  let labelled = "";
  let timer = 0;

  function paint() {
    if (!isReady)
      return;
    if (isDirty || !plot.reachesEdge)
      draw();
    isDirty = false;
    plot.slide();
    cursor.paint();
    clearTimeout(timer);
    timer = setTimeout(() => paintSoon(paint),
      isStill() ? STILL_MS : Math.max(SHORTEST_MS, plot.quantum));
  }

  function draw() {
    const scale = plot.draw();
    const key = `${scale.top} ${scale.bottom} ${area.clientHeight}`;
    if (key !== labelled)
      labels.update(scale, plot.yOf);
    labelled = key;
  }

  function update() {
    isDirty = true;
    // While it slides, the next step shows it.
    if (!timer || isStill())
      paintSoon(paint);
  }

  new ResizeObserver(() => {
    if (!area.clientWidth)
      return;
    if (!isReady)
      plot.readColours();
    plot.resize(area.clientWidth, area.clientHeight);
    isReady = true;
    isDirty = true;
    paintSoon(paint);
  }).observe(area);

  return {
    element,
    update,
    recolour() {
      plot.readColours();
      isDirty = true;
      paintSoon(paint);
    },
  };
}
