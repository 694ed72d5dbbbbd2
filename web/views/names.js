// @ts-check
// names.js - who has which address and name, and which names are asked for.
import { watch } from "../core/api.js";
import { make, setText } from "../core/dom.js";
import { count, tame, timeOfDay } from "../core/format.js";
import { makeLeases } from "../widgets/leases.js";
import { makeList } from "../widgets/list.js";
import { makeNotice } from "../widgets/notice.js";
import { makeInput, makeMeter, makeProblem, makeSection } from "../widgets/parts.js";

/** @typedef {import("../core/store.js").Store} Store */
/**
 * @typedef {{at_ms: number, device: string, hostname: string | null, name: string,
 *   type: string, answer: string | null, rcode: string, why: string,
 *   list: string | null, took_us: number}} Query
 * @typedef {{at_ms: number, kind: string, ip: string | null, mac: string | null,
 *   other: string | null}} Event
 */

export const title = "DNS and DHCP";
const LEASES_MS = 5000;
const QUERIES_MS = 2000;
const QUERIES_SHOWN = 50;

/** @type {Record<string, (e: Event) => string>} */
const SENTENCES = {
  conflict: (e) => `${e.mac} and ${e.other} both use ${e.ip}.`,
  in_use: (e) => `${e.other} has taken ${e.ip} by itself; nobody else gets it for now.`,
  declined: (e) => `${e.mac} found ${e.ip} in use by another device.`,
  exhausted: (e) => `No address was left for ${e.mac}.`,
  rival: (e) => `Another DHCP server, ${e.ip}, answers at home; new devices are left to it.`,
  rival_gone: (e) => `The other DHCP server, ${e.ip}, is gone.`,
};

/** @param {Query} q */
function wayOf(q) {
  if (q.why === "blocked")
    return `blocked by ${q.list ?? "a list"}`;
  return q.why;
}

function makeQueries() {
  const find = makeInput("Find a name", { type: "search", size: "24" });
  const table = makeList("Queries", [
    { label: "Name", text: (q) => tame(q.name) },
    { label: "Type", text: (q) => q.type },
    { label: "Device", text: (q) => tame(q.hostname ?? q.device) },
    { label: "Answer", text: (q) => tame(q.answer ?? q.rcode) },
    { label: "Why", text: wayOf },
    { label: "Took", kind: "number", text: (q) => `${(q.took_us / 1000).toFixed(1)} ms` },
    { label: "When", kind: "number", text: (q) => timeOfDay(q.at_ms) },
  ], (/** @type {Query} */ q) => `${q.at_ms} ${q.device} ${q.name} ${q.type} ${q.took_us}`,
  QUERIES_SHOWN);
  const none = makeNotice("empty", "No name was asked for.",
    "Devices that use this gateway as their resolver appear here, unless the log is off.");
  const section = makeSection("Names asked for",
    make("div", { class: "adder" }, find.element), table.element, none.element);
  let queries = /** @type {Query[]} */ ([]);

  function show() {
    const word = find.input.value.trim().toLowerCase();
    const found = queries.filter((q) => !word ||
      `${q.name} ${q.hostname ?? ""} ${q.device} ${wayOf(q)}`.toLowerCase().includes(word));
    table.update(found);
    none.element.hidden = queries.length > 0;
  }

  find.input.addEventListener("input", show);
  return {
    element: section.element,
    /** @param {Query[]} said oldest first */
    update(said) {
      queries = said.reverse();
      show();
    },
    /** @param {string} words */
    say: (words) => section.say(words),
  };
}

/** @param {HTMLElement} root @param {Store} store */
export function mount(root, store) {
  const problem = makeProblem();
  const pool = makeMeter("Addresses");
  const cache = makeMeter("From the cache", false);
  const blocked = makeMeter("Blocked", false);
  const rival = make("p", { class: "problem inner", role: "status" });
  const leases = makeLeases(store, problem.say);
  const events = makeList("What happened", [
    { label: "What", text: (e) => SENTENCES[e.kind]?.(e) ?? e.kind },
    { label: "When", kind: "number", text: (e) => timeOfDay(e.at_ms) },
  ], (/** @type {Event} */ e) => `${e.at_ms} ${e.kind} ${e.ip} ${e.mac}`);
  const happened = makeSection("What happened", events.element);
  const queries = makeQueries();

  root.replaceChildren(
    make("section", { class: "inner", "aria-label": "Fill" },
      make("dl", { class: "tiles three" }, pool.element, cache.element, blocked.element)),
    rival, problem.element, leases.element, happened.element, queries.element);

  const watched = [
    watch("dhcp", LEASES_MS, (said) => {
      pool.update(said.pool.bound, said.pool.size, `${count(said.pool.fixed)} fixed`);
      setText(rival, said.rival ? `Another DHCP server is here: ${said.rival}. ` +
        "New devices get their address from it." : "");
      events.update(said.events);
      happened.element.hidden = !said.events.length;
    }),
    watch("dns", QUERIES_MS, ({ stats }) => {
      cache.update(stats.hits, stats.queries);
      blocked.update(stats.blocked, stats.queries);
    }),
    watch("dns/log?limit=300", QUERIES_MS, queries.update),
    ...leases.watch(LEASES_MS),
  ];
  return {
    update() {},
    recolour() {},
    leave: () => watched.forEach((one) => one.stop()),
  };
}
