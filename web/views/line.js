// @ts-check
// line.js - the line to the provider over the last day: how long its gateway took to
// answer in each minute, and what it left unanswered. The address says which minutes.
import { watch } from "../core/api.js";
import { make, setText } from "../core/dom.js";
import { count, duration, percent, when } from "../core/format.js";
import { MINUTE_MS, minutesOf, sumUp, within } from "../core/line.js";
import { noteRoute, writeRoute } from "../core/route.js";
import { rttWords } from "../core/rtt.js";
import { clampSpan, readWish, spanWords, STRIPS } from "../core/span.js";
import { makeLineChart } from "../widgets/latency.js";
import { makeList } from "../widgets/list.js";
import { makeNothing } from "../widgets/notice.js";
import { makeProblem, makeSection } from "../widgets/parts.js";
import { makePicker } from "../widgets/picker.js";
import { LOSS_BAD, makeTile } from "../widgets/tiles.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/line.js").LineMinute} LineMinute */
/** @typedef {import("../core/span.js").Span} Span */

export const title = "Your line";
const EVERY_MS = 20_000;
/** As the API has it. */
const LATEST_MS = 2 ** 47;
const DAY = STRIPS[2];

/** What the address says; null: all of the day. @param {URLSearchParams} state
 * @returns {Span | null} */
function spanIn(state) {
  const { strip, from, to } = readWish(state);
  return strip || to > LATEST_MS ? null : { from, to };
}

/** @param {Store} store */
function makeSums(store) {
  const latency = makeTile("Latency");
  const slowest = makeTile("Slowest minute");
  const lost = makeTile("Lost");
  const unknown = makeTile("Not measured");
  return {
    element: make("dl", { class: "tiles four" },
      ...[latency, slowest, lost, unknown].map((t) => t.element)),
    /** @param {LineMinute[]} minutes @param {number} lengthMs */
    update(minutes, lengthMs) {
      const sum = sumUp(minutes);
      const all = Math.max(minutes.length, Math.round(lengthMs / MINUTE_MS));
      const words = (/** @type {number | null | undefined} */ ms) =>
        ms === null || ms === undefined ? "\u2013" : rttWords(ms * 1000);
      setText(latency.value, words(sum.latency));
      setText(latency.more, "to the provider's gateway and back");
      setText(slowest.value, words(sum.slowest?.latency));
      setText(slowest.more, sum.slowest ? clockWords(sum.slowest.at, store) : "");
      setText(lost.value, sum.asked ? percent(sum.lost, sum.asked) : "\u2013");
      setText(lost.more, `${count(sum.lost)} of ${count(sum.asked)} questions`);
      lost.value.classList.toggle("bad", sum.lost > LOSS_BAD * sum.asked);
      setText(unknown.value, minutes.length < all ? duration((all - minutes.length) * 60) : "\u2013");
      setText(unknown.more, `of ${duration(all * 60)}`);
    },
  };
}

/** Whole minutes have no seconds, however far the clocks are apart.
 * @param {number} at by the gateway's clock @param {Store} store */
const clockWords = (at, { skewMs }) =>
  when(Math.round((at + skewMs) / MINUTE_MS) * MINUTE_MS, Date.now()).replace(/:00$/, "");

/** @param {Store} store */
const makeMinutes = (store) => makeList("Minutes", [
  { label: "Minute", text: (m) => clockWords(m.at, store) },
  { label: "Latency", kind: "number", width: "144px",
    text: (m) => m.latency === null ? "\u2013" : rttWords(m.latency * 1000) },
  { label: "Lost", kind: "number", width: "144px", make: (m) => make("span",
    { class: m.lost > LOSS_BAD * m.asked ? "bad" : "" }, m.lost ? percent(m.lost, m.asked) : "\u2013") },
  { label: "Questions", kind: "number", width: "144px",
    text: (m) => m.lost ? `${m.lost} of ${m.asked}` : String(m.asked) },
], (/** @type {LineMinute} */ m) => String(m.at));

/**
 * @param {HTMLElement} root @param {Store} store
 * @param {import("../core/route.js").Route} route
 */
export function mount(root, store, route) {
  const now = () => Date.now() - store.skewMs;
  let wish = spanIn(route.state);
  /** @type {LineMinute[] | null} null: not known yet */
  let minutes = null;
  const chart = makeLineChart(store, {
    onPick: (span) => go(clampSpan(span, now())),
    onAll: () => go(null),
  });
  const picker = makePicker((from, to) =>
    go(clampSpan({ from: from - store.skewMs, to: to - store.skewMs }, now())));
  const traffic = make("a", { class: "link" }, "What crossed the boundary then");
  const problem = makeProblem();
  const sums = makeSums(store);
  const list = makeMinutes(store);
  const none = makeNothing("Nothing is known of the line then.",
    "The provider's gateway is asked once a second, which is kept for a day. One that never " +
    "answers tells nothing.");
  const section = makeSection("Your line", chart.element,
    make("div", { class: "adder" }, picker.element, traffic), sums.element,
    make("div", { class: "line-minutes" }, list.element), none.element);

  root.replaceChildren(problem.element, section.element);
  chart.recolour();

  /** @param {Span | null} span */
  function go(span) {
    wish = span;
    noteRoute(writeRoute("line", "", { ...span }));
    show();
  }

  function show() {
    const day = { from: now() - DAY.spanMs, to: now() };
    const span = wish ?? day;
    const shown = within(minutes ?? [], span);
    chart.show(minutes ?? [], day, span, !wish);
    picker.update(span.from + store.skewMs, span.to + store.skewMs);
    traffic.setAttribute("href", writeRoute("traffic", "",
      { from: Math.round(span.from), to: Math.round(span.to) }));
    sums.update(shown, Math.min(span.to, day.to) - span.from);
    list.update(shown.toReversed());
    none.element.hidden = !minutes || shown.length > 0;
    section.say(spanWords(span, store.skewMs, Date.now()));
  }

  const watched = watch("line", EVERY_MS, (said) => {
    minutes = minutesOf(said);
    problem.say("");
    show();
  }, (refused) => problem.say(refused.message));
  show();
  return {
    update() {},
    recolour: chart.recolour,
    /** @param {import("../core/route.js").Route} to */
    follow(to) {
      wish = spanIn(to.state);
      show();
    },
    leave() {
      watched.stop();
      chart.leave();
    },
  };
}
