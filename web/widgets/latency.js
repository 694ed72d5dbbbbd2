// @ts-check
// latency.js - the line's last day: how long each minute took, above the axis, and
// what it lost, below. A span is chosen by dragging.
import { make } from "../core/dom.js";
import { percent, shortTime } from "../core/format.js";
import { everyMinute, MINUTE_MS, sumUp } from "../core/line.js";
import { rttWords } from "../core/rtt.js";
import { faint, makeBand } from "./band.js";

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
  /** @type {LineMinute[]} */
  let minutes = [];
  /** @type {Span} */
  let day = { from: 0, to: 1 };
  let top = LEAST_MS;

  const band = makeBand(area, store, {
    height: 160, inks: ["--ink", "--bad"],
    lines: (inkOf) => [() => faint(inkOf("--ink"), 0.45), () => inkOf("--bad")].map((fill) =>
      ({ width: 0, fill, paths, points: { show: false } })),
    timeWords: shortTime,
    limits: () => [-top * DOWN, top],
    onDraw: fill, onPointer: say, onPick,
  });

  /** The minute under the pointer, or else the worst there was. @param {any} u */
  function say(u) {
    const at = u.cursor.left < 0 ? null : u.posToVal(u.cursor.left, "x") - store.skewMs;
    const under = minutes.find((m) => at !== null && m.at <= at && at < m.at + MINUTE_MS);
    const { slowest, asked, lost } = sumUp(minutes);
    const [head, words] = at !== null ?
      [shortTime(at + store.skewMs), under ? minuteWords(under) : "not known"] :
      [asked ? "at most" : "", [rttWords(slowest && (slowest.latency ?? 0) * 1000), asked ? `${percent(lost, asked)} lost` : ""]
        .filter(Boolean).join(", ")];
    said.replaceChildren(make("span", {}, head), ...words.split(", ").map((w) => make("span", {}, w)));
  }

  /** @param {any} plot */
  function fill(plot) {
    const { at, latency, loss } = everyMinute(minutes, day);
    const { skewMs } = store;
    top = Math.max(LEAST_MS, ...latency.map((n) => n ?? 0)) * 1.05;
    plot.setData([at.map((t) => t + skewMs + MINUTE_MS / 2), latency,
      loss.map((n) => n && -Math.max(n, SEEN) * top * DOWN)], false);
    plot.setScale("x", { min: day.from + skewMs, max: day.to + skewMs });
    plot.setScale("y", { min: -top * DOWN, max: top });
  }

  all.addEventListener("click", onAll);

  return {
    element,
    /** @param {LineMinute[]} known @param {Span} whole @param {Span} chosen
     * @param {boolean} isAll */
    show(known, whole, chosen, isAll) {
      minutes = known;
      day = whole;
      all.setAttribute("aria-pressed", String(isAll));
      const { slowest, asked, lost } = sumUp(known);
      area.setAttribute("aria-label", "Latency and loss of the last day" + (asked ?
        `: at most ${rttWords((slowest?.latency ?? 0) * 1000)}, ${percent(lost, asked)} lost` : ""));
      band.show(chosen);
    },
    recolour: band.recolour,
    leave: band.leave,
  };
}
