// @ts-check
// traffic.js - the last day in three strips, from 100 ms on: what is chosen in one
// of them is what everything below is about. The address says what is shown.
import { watch } from "../core/api.js";
import { make, setText } from "../core/dom.js";
import { tame } from "../core/format.js";
import { reachWords } from "../core/reach.js";
import { noteRoute, writeRoute } from "../core/route.js";
import { clampSpan, GROUPINGS, historyPath, readWish, Series, spanOf,
  spanWords, STRIPS, writeWish } from "../core/span.js";
import { makeGroups, SHOWN } from "../widgets/groups.js";
import { makeNothing } from "../widgets/notice.js";
import { makeProblem, makeSection } from "../widgets/parts.js";
import { makePicker } from "../widgets/picker.js";
import { makeStrip } from "../widgets/strip.js";
import { makeExports, makeWays } from "../widgets/switch.js";
import { makeTotals } from "../widgets/totals.js";
import { makeWhere } from "../widgets/where.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/span.js").Wish} Wish */

export const title = "Traffic";
const WORDS = { device: "By device", remote: "By remote", pair: "By both" };
/** How often a span that stands still is asked for: never again, nearly. */
const STILL_MS = 60_000;

/**
 * @param {HTMLElement} root @param {Store} store
 * @param {import("../core/route.js").Route} route
 */
export function mount(root, store, route) {
  let wish = readWish(route.state);
  const now = () => Date.now() - store.skewMs;
  const hashOf = (/** @type {Partial<Wish>} */ part) =>
    writeRoute("traffic", "", writeWish({ ...wish, ...part }));

  const strips = STRIPS.map((strip) => {
    const series = new Series(strip.spanMs, strip.stepMs);
    return { strip, series, ...makeStrip(strip, series, store, {
      onPick: (span) => go({ strip: null, ...clampSpan(span, now()) }),
      onAll: () => go({ strip: strip.id }),
    }) };
  });
  const reach = make("p", { class: "since reach" });
  const problem = makeProblem();
  const filters = make("p", { class: "filters" });
  const picker = makePicker((from, to) =>
    go({ strip: null, ...clampSpan({ from: from - store.skewMs, to: to - store.skewMs }, now()) }));
  const totals = makeTotals();
  const ways = makeWays("Traffic", GROUPINGS.map((g) => ({ href: "", label: WORDS[g] })));
  const files = makeExports(["csv", "json"], "traffic");
  const groups = makeGroups(store, (device, remote) => hashOf({
    device: device || wish.device, remote: remote || wish.remote,
    group: device && !remote ? "remote" : wish.group }));
  const none = makeNothing("Nothing crossed the boundary.",
    "Choose another span above, or wait for a device to speak.");
  const section = makeSection("The span", totals.element,
    make("div", { class: "ways-row" }, ways.element, files.element), groups.element, none.element);
  /** @type {ReturnType<typeof watch> | null} */
  let below = null;

  root.replaceChildren(make("section", { class: "inner", "aria-label": "The last day" },
    make("div", { class: "strips" }, ...strips.map(({ element }) => element)),
    reach, make("div", { class: "adder" }, picker.element, filters)), problem.element, section.element);
  strips.forEach((one) => one.recolour());

  /** @param {Partial<Wish>} part */
  function go(part) {
    wish = { ...wish, ...part };
    noteRoute(hashOf({}));
    show();
  }

  function showStrips() {
    const span = spanOf(wish, now());
    for (const { strip, show: draw } of strips)
      draw(span, now(), wish.strip === strip.id);
  }

  /** What is left out, with the way back. */
  function showFilters() {
    const device = store.devices.get(wish.device);
    const chip = (/** @type {string} */ words, /** @type {Partial<Wish>} */ without, /** @type {Node[]} */ ...more) =>
      make("a", { class: "chip", href: hashOf(without), "aria-label": `${words}: show all` },
        make("bdi", {}, words), ...more, make("span", { "aria-hidden": "true" }, "\u00d7"));
    filters.replaceChildren(
      ...(wish.device ? [chip(tame(device?.name || device?.hostname || wish.device), { device: "" })] : []),
      ...(wish.remote ? [chip(tame(wish.remote), { remote: "" }, makeWhere(wish.remote))] : []));
  }

  /** Everything that the wish decides. */
  function show() {
    const strip = STRIPS.find(({ id }) => id === wish.strip);
    showStrips();
    showFilters();
    ways.update(GROUPINGS.indexOf(wish.group), GROUPINGS.map((group) => hashOf({ group })));
    below?.stop();
    let span = spanOf(wish, now());
    below = watch(() => {
      span = spanOf(wish, now());
      return historyPath(wish, span, 0, { group: wish.group, limit: String(SHOWN) });
    }, strip ? Math.max(1000, strip.everyMs / 5) : STILL_MS, (said, path) => {
      const all = said.total.rx + said.total.tx;
      const clock = Date.now();
      totals.update(said, span);
      groups.update(said.groups, wish.group, all);
      none.element.hidden = all > 0;
      files.update((format) => `${path}&format=${format}`);
      picker.update(span.from + store.skewMs, span.to + store.skewMs);
      section.say(spanWords(span, store.skewMs, clock));
      problem.say("");
    }, (refused) => problem.say(refused.message));
  }

  /** @type {ReturnType<typeof watch>[]} */
  const watched = strips.map(({ strip, series, draw }, i) => watch(() => {
    const next = series.ask(now());
    return historyPath(wish, next, next.step, { limit: "0" });
  }, strip.everyMs, (said, path) => {
    const asked = new URLSearchParams(path.split("?")[1]);
    if (asked.get("device") !== (wish.device || "all") || asked.get("remote") !== (wish.remote || "all"))
      return;
    // What goes on with something that is no longer there.
    if (asked.has("step") && !series.at.length)
      return;
    series.take(said, now());
    draw();
    setText(reach, reachWords(said.tiers, store.skewMs, Date.now()));
    if (strip.id === "minute")
      showStrips();
  }, ({ status }) => {
    // So fine is no longer kept: what is shall come at once.
    if (status !== 400 || !series.at.length)
      return;
    series.clear();
    watched[i].now();
  }));

  show();
  return {
    update() {},
    recolour: () => strips.forEach((one) => one.recolour()),
    /** @param {import("../core/route.js").Route} to */
    follow(to) {
      const next = readWish(to.state);
      const isOther = next.device !== wish.device || next.remote !== wish.remote;
      wish = next;
      if (isOther)
        strips.forEach(({ series }, i) => {
          series.clear();
          watched[i].now();
        });
      show();
    },
    leave() {
      below?.stop();
      for (const one of [...watched, ...strips.map((s) => ({ stop: s.leave }))])
        one.stop();
    },
  };
}
