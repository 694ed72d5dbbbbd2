// @ts-check
// names.js - which names are asked for, which are not answered, and who has which
// address: three ways of one view.
import { watch } from "../core/api.js";
import { make, setText } from "../core/dom.js";
import { count, timeOfDay } from "../core/format.js";
import { makeFilters } from "../widgets/filters.js";
import { makeLeases } from "../widgets/leases.js";
import { makeList } from "../widgets/list.js";
import { makeMeter, makeProblem, makeSection } from "../widgets/parts.js";
import { makeQueries } from "../widgets/queries.js";
import { makeWays } from "../widgets/switch.js";
import { makeTile } from "../widgets/tiles.js";

/** @typedef {import("../core/store.js").Store} Store */
/**
 * @typedef {{at_ms: number, kind: string, ip: string | null, mac: string | null,
 *   other: string | null}} Event
 * @typedef {{server: string, answers: boolean, rtt_ms: number | null}} Upstream
 */

export const title = "DNS and DHCP";
const EVERY_MS = 3000;

const WAYS = [
  { of: "", label: "Names asked for", make: makeQueries },
  { of: "lists", label: "Blocklists", make: makeFilters },
  { of: "addresses", label: "Addresses", make: makeAddresses },
];

/** @type {Record<string, (e: Event) => string>} */
const SENTENCES = {
  conflict: (e) => `${e.mac} and ${e.other} both use ${e.ip}.`,
  in_use: (e) => `${e.other} has taken ${e.ip} by itself; nobody else gets it for now.`,
  declined: (e) => `${e.mac} found ${e.ip} in use by another device.`,
  exhausted: (e) => `No address was left for ${e.mac}.`,
  rival: (e) => `Another DHCP server, ${e.ip}, answers at home; new devices are left to it.`,
  rival_gone: (e) => `The other DHCP server, ${e.ip}, is gone.`,
};

/** @param {Store} store @param {(sentence: string) => void} onRefused */
function makeAddresses(store, onRefused) {
  const leases = makeLeases(store, onRefused);
  const events = makeList("What happened", [
    { label: "What", text: (e) => SENTENCES[e.kind]?.(e) ?? e.kind },
    { label: "When", kind: "number", text: (e) => timeOfDay(e.at_ms) },
  ], (/** @type {Event} */ e) => `${e.at_ms} ${e.kind} ${e.ip} ${e.mac}`);
  const happened = makeSection("What happened", events.element);
  const watched = watch("dhcp", EVERY_MS, (said) => {
    events.update(said.events);
    happened.say(said.events.length ? "" :
      "no conflict of addresses, and no other DHCP server");
  });
  return {
    element: make("div", {}, leases.element, happened.element),
    stop() {
      leases.stop();
      watched.stop();
    },
  };
}

function makeFill() {
  const pool = makeMeter("Addresses");
  const cache = makeMeter("From the cache", "share");
  const blocked = makeMeter("Blocked", "share");
  const upstream = makeTile("Upstream");
  const rival = make("p", { class: "problem inner", role: "status" });

  /** @param {Upstream[]} all */
  function showUpstreams(all) {
    const good = all.filter((one) => one.answers);
    const best = good.filter((one) => one.rtt_ms !== null)
      .sort((a, b) => (a.rtt_ms ?? 0) - (b.rtt_ms ?? 0))[0];
    setText(upstream.value, best ? best.rtt_ms ? `${best.rtt_ms}\u00a0ms` : "<\u00a01\u00a0ms" : good.length ? "\u2013" : "None");
    setText(upstream.more, !all.length ? "No upstream is known" : best ? best.server +
      (all.length > 1 ? `, ${good.length} of ${all.length} answer` : "") :
      `${good.length} of ${all.length} answer`);
  }

  const watched = [
    watch("dhcp", EVERY_MS, ({ pool: p, rival: other }) => {
      pool.update(p.bound, p.size, `${count(p.fixed)} fixed`);
      setText(rival, other ? `Another DHCP server is here: ${other}. ` +
        "New devices get their address from it." : "");
    }),
    watch("dns", EVERY_MS, ({ stats, upstreams }) => {
      cache.update(stats.hits, stats.queries, "since the start");
      blocked.update(stats.blocked, stats.queries, "since the start");
      showUpstreams(upstreams);
    }),
  ];
  return {
    elements: [make("section", { class: "inner", "aria-label": "Fill" },
      make("dl", { class: "tiles four" }, cache.element, blocked.element, upstream.element,
        pool.element)), rival],
    stop: () => watched.forEach((one) => one.stop()),
  };
}

/**
 * @param {HTMLElement} root @param {Store} store
 * @param {import("../core/route.js").Route} route
 */
export function mount(root, store, { of }) {
  const at = Math.max(0, WAYS.findIndex((way) => way.of === of));
  const problem = makeProblem();
  const fill = makeFill();
  const ways = makeWays("DNS and DHCP", WAYS.map((way) =>
    ({ href: `#/names${way.of && `/${way.of}`}`, label: way.label })));
  const part = WAYS[at].make(store, problem.say);

  ways.update(at);
  root.replaceChildren(...fill.elements, make("div", { class: "inner" }, ways.element),
    problem.element, part.element);
  return {
    update() {},
    recolour() {},
    leave() {
      fill.stop();
      part.stop();
    },
  };
}
