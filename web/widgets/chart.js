// @ts-check
// chart.js - the last minute of the whole boundary, or of one device: down above, up
// mirrored below, the newest second at the right edge.
import { make } from "../core/dom.js";
import { isStill, paintOnBeat, paintSoon } from "../core/frame.js";
import { loadPlots } from "../core/load.js";
import { makeCursor } from "./cursor.js";
import { makePlot } from "./plot.js";
import { arrow, makeScaleLabels } from "./scale.js";

/** @typedef {import("../core/source.js").Source} Source */

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

  /** @type {ReturnType<typeof makePlot> | null} null: not there yet */
  let plot = null;
  /** @type {ReturnType<typeof makeCursor> | null} */
  let cursor = null;
  let isAsked = false;
  let isDirty = true;
  let isReady = false;
  let labelled = "";
  let timer = 0;

  function paint() {
    // Whoever went elsewhere has no chart to be moved.
    if (!plot || !isReady || !area.isConnected)
      return;
    if (isDirty || !plot.reachesEdge)
      draw(plot);
    isDirty = false;
    plot.slide();
    cursor?.paint();
    clearTimeout(timer);
    timer = isStill() ? setTimeout(next, STILL_MS) : 0;
    if (!timer)
      paintOnBeat(paint);
  }

  function next() {
    timer = 0;
    paintOnBeat(paint);
  }

  /** @param {ReturnType<typeof makePlot>} on */
  function draw(on) {
    const scale = on.draw();
    const key = `${scale.top} ${scale.bottom} ${area.clientHeight}`;
    if (key !== labelled)
      labels.update(scale, on.yOf);
    labelled = key;
  }

  function update() {
    isDirty = true;
    if (!plot)
      begin();
    else if (!timer)
      paintOnBeat(paint);
  }

  /** What draws is fetched; where that fails, the next news tries again. */
  async function begin() {
    if (isAsked)
      return;
    isAsked = true;
    isAsked = await loadPlots().then(() => true, () => false);
    if (isAsked)
      fill();
  }

  function fill() {
    const made = plot = makePlot(slider, source);
    cursor = makeCursor(area, source, made, () => paintSoon(paint));
    new ResizeObserver(() => {
      if (!area.clientWidth)
        return;
      if (!isReady)
        made.readColours();
      made.resize(area.clientWidth, area.clientHeight);
      isReady = true;
      isDirty = true;
      paintSoon(paint);
    }).observe(area);
  }

  begin();
  return {
    element,
    update,
    recolour() {
      plot?.readColours();
      isDirty = true;
      paintSoon(paint);
    },
  };
}
