// @ts-check
// latency.js - the line's last day: how long each minute took, above the axis, and
// what it lost, below. A span is chosen by dragging.
import { colour, make, setText } from "../core/dom.js";
import { percent, shortTime } from "../core/format.js";
import { everyMinute, MINUTE_MS, sumUp } from "../core/line.js";
import { rttWords } from "../core/rtt.js";
import { AXIS_PX, faint, FONT, marks, wordsAt } from "./strip.js";
import { takeTouch } from "./touch.js";

/** @typedef {import("../core/line.js").LineMinute} LineMinute */
/** @typedef {import("../core/span.js").Span} Span */

const LEAST_MS = 10;
/** All lost reaches so far down, of what latency reaches up; one lost is seen, too. */
const DOWN = 0.5;
const SEEN = 0.04;

/** @param {LineMinute} m */
const minuteWords = ({ latency, asked, lost }) =>
  `${latency === null ? "no answer" : rttWords(latency * 1000)}, ${percent(lost, asked)} lost`;

/**
 * After loadPlots().
 * @param {import("../core/store.js").Store} store
 * @param {{onPick: (span: Span) => void, onAll: () => void}} on
 */
export function makeLineChart(store, { onPick, onAll }) {
  const said = make("span", { class: "strip-said" });
  const area = make("div", { class: "strip-area line-area", role: "img" });
  const all = make("button", { type: "button", class: "strip-all" }, "Last day");
  const element = make("div", { class: "strips" }, make("div", { class: "strip" },
    make("div", { class: "strip-head" }, all, said), area));
  const { uPlot } = /** @type {any} */ (globalThis);
  const paths = uPlot.paths.bars({ size: [1, Infinity] });
  /** @type {Record<string, string>} */
  let colours = {};
  /** @type {LineMinute[]} */
  let minutes = [];
  /** @type {Span} */
  let day = { from: 0, to: 1 };
  /** @type {Span} */
  let span = day;
  let top = LEAST_MS;
  let isHeld = false;
  let isReady = false;

  const bars = (/** @type {string} */ name) => ({ stroke: () => colours[name], width: 0,
    fill: () => name === "--ink" ? faint(colours[name], 0.45) : colours[name], paths, points: { show: false } });
  const plot = new uPlot({
    width: 100, height: 160, padding: [4, 0, 0, 0], legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: false }, y: { range: () => [-top * DOWN, top] } },
    series: [{}, bars("--ink"), bars("--bad")],
    axes: [{ size: AXIS_PX, gap: 4, font: FONT, stroke: () => colours["--muted"],
      ticks: { show: false }, grid: { width: 1, stroke: () => colours["--line"] },
      splits: (/** @type {any} */ u, /** @type {number} */ _i, /** @type {number} */ min,
        /** @type {number} */ max) => marks(min, max, u.width),
      values: wordsAt(shortTime),
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

  /** The minute under the pointer, or else the worst there was. @param {any} u */
  function say(u) {
    const at = u.cursor.left < 0 ? null : u.posToVal(u.cursor.left, "x") - store.skewMs;
    const under = minutes.find((m) => at !== null && m.at <= at && at < m.at + MINUTE_MS);
    const { slowest, asked, lost } = sumUp(minutes);
    const [head, words] = at !== null ?
      [shortTime(at + store.skewMs), under ? minuteWords(under) : "not known"] :
      ["at most", [rttWords(slowest && (slowest.latency ?? 0) * 1000), asked ? `${percent(lost, asked)} lost` : ""]
        .filter(Boolean).join(", ")];
    said.replaceChildren(make("span", {}, head), ...words.split(", ").map((w) => make("span", {}, w)));
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
    const { at, latency, loss } = everyMinute(minutes, day);
    const { skewMs } = store;
    top = Math.max(LEAST_MS, ...latency.map((n) => n ?? 0)) * 1.05;
    plot.batch(() => {
      plot.setData([at.map((t) => t + skewMs + MINUTE_MS / 2), latency,
        loss.map((n) => n && -Math.max(n, SEEN) * top * DOWN)], false);
      plot.setScale("x", { min: day.from + skewMs, max: day.to + skewMs });
      plot.setScale("y", { min: -top * DOWN, max: top });
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
  new ResizeObserver(() => {
    if (!area.clientWidth)
      return;
    plot.setSize({ width: area.clientWidth, height: area.clientHeight });
    isReady = true;
    draw();
  }).observe(area);

  return {
    element,
    /** @param {LineMinute[]} known @param {Span} whole @param {Span} chosen
     * @param {boolean} isAll */
    show(known, whole, chosen, isAll) {
      minutes = known;
      day = whole;
      span = chosen;
      all.setAttribute("aria-pressed", String(isAll));
      const { slowest, asked, lost } = sumUp(known);
      area.setAttribute("aria-label", "Latency and loss of the last day" + (asked ?
        `: at most ${rttWords((slowest?.latency ?? 0) * 1000)}, ${percent(lost, asked)} lost` : ""));
      draw();
    },
    recolour() {
      colours = Object.fromEntries(["--ink", "--bad", "--line", "--muted"].map(
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
