// @ts-check
// names.js - which names are asked for, which are not answered, and who has which
// address: three ways of one view.
import { watch } from "../core/api.js";
import { make, setText } from "../core/dom.js";
import { count, when } from "../core/format.js";
import { nameOfMac } from "../core/people.js";
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

/** @typedef {{ip: string | null, mac: string, other: string}} Told  of whom, by name
 * @type {Record<string, (e: Told) => string>} */
const SENTENCES = {
  conflict: (e) => `${e.mac} and ${e.other} both use ${e.ip}.`,
  in_use: (e) => `${e.other} has taken ${e.ip} by itself; nobody else gets it for now.`,
  declined: (e) => `${e.mac} found ${e.ip} in use by another device.`,
  exhausted: (e) => `No address was left for ${e.mac}.`,
  rival: (e) => `Another DHCP server, ${e.ip}, answers at home; new devices are left to it.`,
  rival_gone: (e) => `The other DHCP server, ${e.ip}, is gone.`,
};

/** @param {Store} store @param {string | null} mac */
function whoIs(store, mac) {
  const name = nameOfMac(store, mac);
  return name && name !== mac ? `${name} (${mac})` : mac ?? "somebody";
}

/**
 * @param {Store} store @param {(sentence: string) => void} onRefused
 * @param {URLSearchParams} state "show=happened" puts that first
 */
function makeAddresses(store, onRefused, state) {
  const leases = makeLeases(store, onRefused);
  const events = makeList("What happened", [
    { label: "What", text: (e) => SENTENCES[e.kind]?.({ ip: e.ip, mac: whoIs(store, e.mac),
      other: whoIs(store, e.other) }) ?? e.kind },
    { label: "When", kind: "number", width: "168px", text: (e) => when(e.at_ms + store.skewMs, Date.now()) },
  ], (/** @type {Event} */ e) => `${e.at_ms} ${e.kind} ${e.ip} ${e.mac}`);
  const happened = makeSection("What happened", events.element);
  const watched = watch("dhcp", EVERY_MS, (said) => {
    events.update(said.events);
    happened.say(said.events.length ? "" :
      "no conflict of addresses, and no other DHCP server");
  });
  const element = make("div");

  /** @param {URLSearchParams} to */
  function follow(to) {
    const parts = [leases.element, happened.element];
    element.replaceChildren(...to.get("show") === "happened" ? parts.reverse() : parts);
  }

  follow(state);
  return {
    element,
    follow,
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
export function mount(root, store, { of, state }) {
  const at = Math.max(0, WAYS.findIndex((way) => way.of === of));
  const problem = makeProblem();
  const fill = makeFill();
  const ways = makeWays("DNS and DHCP", WAYS.map((way) =>
    ({ href: `#/names${way.of && `/${way.of}`}`, label: way.label })));
  /** @type {{element: HTMLElement, stop: () => void, follow?: (to: URLSearchParams) => void}} */
  const part = WAYS[at].make(store, problem.say, state);

  ways.update(at);
  root.replaceChildren(...fill.elements, make("div", { class: "inner" }, ways.element),
    problem.element, part.element);
  return {
    update() {},
    recolour() {},
    /** @param {import("../core/route.js").Route} to */
    follow: (to) => part.follow?.(to.state),
    leave() {
      fill.stop();
      part.stop();
    },
  };
}
