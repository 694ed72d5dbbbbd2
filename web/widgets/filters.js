// @ts-check
// filters.js - which names are not answered: lists that are known by name, lists of
// one's own, single names, and for which devices it all holds.
import { watch } from "../core/api.js";
import { choose, judgeName, setFiltered, setList } from "../core/deeds.js";
import { make } from "../core/dom.js";
import { ago, count, tame } from "../core/format.js";
import { makeList } from "./list.js";
import { makeAct, makeInput, makeSection } from "./parts.js";
import { makeChoice, makeSwitch } from "./switch.js";

/** @typedef {import("../core/store.js").Store} Store */
/**
 * @typedef {{name: string, about: string, licence: string, source: string}} Known
 * @typedef {{name: string, source: string, names: number, updated_ms: number | null,
 *   problem: string | null}} Loaded
 * @typedef {{id: string, about: string, licence: string, isOn: boolean,
 *   isKnown: boolean, loaded: Loaded | null}} Row
 */

const EVERY_MS = 3000;

/** @param {Row} row */
function stateOf({ isOn, loaded }) {
  if (!isOn)
    return "\u2013";
  if (!loaded)
    return "is being fetched";
  if (loaded.problem)
    return loaded.problem;
  return loaded.updated_ms ? `${count(loaded.names)} names, ${ago(loaded.updated_ms, Date.now())}`
    : "is being fetched";
}

/**
 * A form of one line.
 * @param {string} name @param {ReturnType<typeof makeInput>} field
 * @param {string} verb @param {(value: string) => Promise<unknown>} act
 * @param {(sentence: string) => void} onRefused
 */
function makeLine(name, field, verb, act, onRefused) {
  const form = make("form", { class: "adder", "aria-label": name }, field.element,
    make("button", { type: "submit", class: "act" }, verb));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    onRefused("");
    try {
      await act(field.input.value.trim());
      field.input.value = "";
    } catch (error) {
      onRefused(/** @type {Error} */ (error).message);
    }
  });
  return form;
}

/**
 * @param {Store} store
 * @param {(sentence: string) => void} onRefused
 */
export function makeFilters(store, onRefused) {
  /** @type {{known: Known[], loaded: Loaded[], dns: Record<string, any>}} */
  const house = { known: [], loaded: [], dns: {} };
  const refresh = () => {
    settings.now();
    lists.now();
  };
  /** @param {() => Promise<unknown>} deed */
  const after = async (deed) => {
    await deed();
    refresh();
  };

  const listed = makeList("Lists", [
    { label: "List", text: (l) => l.id },
    { label: "What", width: "34%", text: (l) => l.about },
    { label: "Licence", text: (l) => l.licence },
    { label: "State", text: stateOf },
    { label: "", kind: "deed", width: "72px", make: (l) => makeSwitch(`Use ${l.id}`, (on) =>
      after(() => setList(l.id, on)), onRefused, l.isOn).element },
  ], (/** @type {Row} */ l) => l.id);
  const own = makeInput("Another list: address or file", { size: "36",
    placeholder: "https://example.net/hosts.txt", required: "" });
  const names = makeList("Single names", [
    { label: "Name", text: (n) => n.name },
    { label: "Is", text: (n) => n.wish === "allow" ? "always allowed" : "always blocked" },
    { label: "", kind: "deed", make: (n) => makeAct("Forget", () =>
      after(() => judgeName(n.name, null)), onRefused, n.name) },
  ], (/** @type {{name: string, wish: string}} */ n) => `${n.wish} ${n.name}`);
  const name = makeInput("Name and all below it", { size: "28", placeholder: "ads.example.net",
    required: "" });
  const wish = makeChoice("Is", () => {});
  const devices = makeList("Filtered devices", [
    { label: "Device", text: (d) => d.name },
    { label: "Address", text: (d) => d.ip ?? "\u2013" },
    { label: "Filtered", kind: "deed", make: (d) => makeSwitch(`Filter names for ${d.name}`, (on) =>
      after(() => setFiltered(d, on)), onRefused, d.isFiltered).element },
  ], (/** @type {{mac: string, ip: string | null, name: string, isFiltered: boolean}} */ d) => d.mac);
  const answer = makeChoice("Blocked names are answered with", (value) =>
    after(() => choose("dns.blocked_answer", value)).catch((error) => onRefused(error.message)));
  const singles = makeSection("Single names", names.element);
  const section = makeSection("Blocklists", listed.element,
    makeLine("Another list", own, "Use it", (text) => after(() => setList(text, true)), onRefused));
  const filtered = makeSection("For whom", devices.element);

  const adder = makeLine("Single name", name, "Keep it", (text) => after(() =>
    judgeName(text.toLowerCase(), /** @type {"allow" | "block"} */ (wish.select.value))), onRefused);
  adder.insertBefore(wish.element, adder.lastChild);
  wish.update([["block", "always blocked"], ["allow", "always allowed"]], "block");
  singles.element.append(adder);
  section.element.append(make("div", { class: "adder" }, answer.element));

  function show() {
    const { known, loaded, dns } = house;
    const on = /** @type {string[]} */ (dns.lists ?? []);
    const ownOnes = on.filter((id) => !known.some((k) => k.name === id));
    listed.update([...known.map((k) => ({ id: k.name, about: k.about, licence: k.licence,
      isOn: on.includes(k.name), isKnown: true,
      loaded: loaded.find((l) => l.name === k.name) ?? null })),
    ...ownOnes.map((id) => ({ id, about: "a list of your own", licence: "\u2013", isOn: true,
      isKnown: false, loaded: loaded.find((l) => l.name === id) ?? null }))]);
    section.say(on.length ? `${on.length} in use` : "none is in use");
    names.update([...(dns.block ?? []).map((/** @type {string} */ n) => ({ name: n, wish: "block" })),
      ...(dns.allow ?? []).map((/** @type {string} */ n) => ({ name: n, wish: "allow" }))]);
    const free = new Set(dns.unfiltered ?? []);
    devices.update([...store.devices.values()].map(({ mac, ip, name: called, hostname }) => ({ mac, ip,
      name: tame(called || hostname || ip || mac), isFiltered: !free.has(mac) && !free.has(ip) })));
    answer.update([["zero", "0.0.0.0"], ["nxdomain", "no such name"]], dns.blocked_answer);
  }

  const lists = watch("dns", EVERY_MS, (said) => {
    house.known = said.known_lists;
    house.loaded = said.lists;
    show();
  });
  const settings = watch("settings", EVERY_MS, (said) => {
    house.dns = said.dns;
    show();
  });
  return {
    element: make("div", {}, section.element, filtered.element, singles.element),
    stop() {
      lists.stop();
      settings.stop();
    },
  };
}
