// @ts-check
// nat.js - who uses which port of the outside, what is let in, what was dropped.
import { changeList, watch } from "../core/api.js";
import { make } from "../core/dom.js";
import { count, duration, orDash, bytes, tame } from "../core/format.js";
import { makeList } from "../widgets/list.js";
import { makeNotice } from "../widgets/notice.js";
import { makeAct, makeInput, makeMeter, makeProblem, makeSection } from "../widgets/parts.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {{proto: string, inside: string, outside: string, static: boolean, idle_ms: number}} Mapping */
/** @typedef {{proto: string, port: number, to: string}} Forward */

export const title = "NAT";
const EVERY_MS = 3000;

/** @param {string} endpoint */
const addressOf = (endpoint) => endpoint.replace(/:\d+$/, "");

/** @param {Forward} a @param {Forward} b */
const isSame = (a, b) => a.proto === b.proto && a.port === b.port;

/** @param {(forward: Forward) => Promise<void>} onAdd @param {(s: string) => void} onRefused */
function makeAdder(onAdd, onRefused) {
  const proto = /** @type {HTMLSelectElement} */ (make("select", {},
    make("option", { value: "tcp" }, "TCP"), make("option", { value: "udp" }, "UDP")));
  const port = makeInput("Outside port", { inputmode: "numeric", size: "6", required: "" });
  const to = makeInput("To", { size: "20", placeholder: "10.77.0.5:443", required: "" });
  const button = make("button", { type: "submit", class: "act" }, "Forward it");
  const form = make("form", { class: "adder", "aria-label": "New forward" },
    make("label", { class: "field" }, "Protocol", proto), port.element, to.element, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    onRefused("");
    try {
      await onAdd({ proto: proto.value, port: Number(port.input.value), to: to.input.value.trim() });
      port.input.value = to.input.value = "";
    } catch (error) {
      onRefused(/** @type {Error} */ (error).message);
    }
  });
  return form;
}

/** @param {HTMLElement} root @param {Store} store */
export function mount(root, store) {
  const problem = makeProblem();
  const mapped = makeMeter("Outside ports");
  const sessions = makeMeter("Connections");
  const none = makeNotice("empty", "No outside port is in use.",
    "A device takes one as soon as it speaks with the internet.");
  const find = makeInput("Find", { type: "search", size: "24" });
  /** @type {Mapping[]} */
  let mappings = [];

  /** @param {string} address */
  function nameOf(address) {
    const device = [...store.devices.values()].find(({ ip }) => ip === address);
    return tame(device?.name || device?.hostname || "\u2013");
  }

  const forwards = makeList("Forwards", [
    { label: "Outside", text: (f) => `${f.proto} ${f.port}` },
    { label: "To", text: (f) => f.to },
    { label: "Device", text: (f) => nameOf(addressOf(f.to)) },
    { label: "", kind: "deed", make: (f) => makeAct("Remove", async () => {
      await changeList("nat", "forwards", (all) => all.filter((one) => !isSame(one, f)));
      asked.now();
    }, problem.say, `${f.proto} ${f.port}`) },
  ], (/** @type {Forward} */ f) => `${f.proto}:${f.port}`);
  const adder = makeAdder(async (forward) => {
    await changeList("nat", "forwards", (all) => [...all, forward]);
    asked.now();
  }, problem.say);
  const table = makeList("Mappings", [
    { label: "Protocol", text: (m) => m.proto },
    { label: "Outside", text: (m) => m.outside },
    { label: "Inside", text: (m) => m.inside },
    { label: "Device", text: (m) => nameOf(addressOf(m.inside)) },
    { label: "Idle", kind: "number", text: (m) => duration(m.idle_ms / 1000) },
    { label: "Kind", text: (m) => m.static ? "forward" : "by itself" },
  ], (/** @type {Mapping} */ m) => `${m.proto} ${m.outside} ${m.inside}`);
  const drops = makeList("Drops", [
    { label: "Reason", text: (d) => d.reason.replaceAll("_", " ") },
    { label: "Packets", kind: "number", text: (d) => count(d.packets) },
    { label: "Bytes", kind: "number", text: (d) => {
      const { number, unit } = orDash(d.bytes, bytes);
      return `${number} ${unit}`;
    } },
  ], (/** @type {import("../core/store.js").Drop} */ d) => d.reason);
  const letIn = makeSection("Forwards", forwards.element, adder);
  const inUse = makeSection("Mappings", make("div", { class: "adder" }, find.element),
    table.element, none.element);
  const dropped = makeSection("Dropped", drops.element);

  root.replaceChildren(
    make("section", { class: "inner", "aria-label": "Fill" },
      make("dl", { class: "tiles two" }, mapped.element, sessions.element)),
    problem.element,
    letIn.element,
    inUse.element, dropped.element);

  function showMappings() {
    const word = find.input.value.trim().toLowerCase();
    const found = mappings.filter((m) => !word ||
      `${m.proto} ${m.outside} ${m.inside} ${nameOf(addressOf(m.inside))}`
        .toLowerCase().includes(word));
    table.update(found);
    none.element.hidden = mappings.length > 0;
    inUse.say(word ? `${count(found.length)} of ${count(mappings.length)}`
      : count(mappings.length));
  }

  function showStatus() {
    const nat = store.status?.nat;
    if (!nat)
      return;
    mapped.update(nat.mappings, nat.mappings_max);
    sessions.update(nat.sessions, nat.sessions_max);
  }

  function showDrops() {
    const all = (store.drops ?? []).filter(({ packets }) => packets > 0)
      .sort((a, b) => b.packets - a.packets);
    drops.update(all);
    dropped.say(all.length ? "" : "nothing yet");
  }

  find.input.addEventListener("input", showMappings);
  const asked = watch("settings", EVERY_MS, (settings) => {
    const all = settings.nat?.forwards ?? [];
    forwards.update(all);
    letIn.say(all.length ? "" : "none yet");
  });
  const watched = watch("mappings", EVERY_MS, (said) => {
    mappings = said.sort((/** @type {Mapping} */ a, /** @type {Mapping} */ b) =>
      a.idle_ms - b.idle_ms);
    showMappings();
  });
  forwards.update([]);
  showStatus();
  showDrops();
  return {
    /** @param {string} type */
    update(type) {
      if (type === "status")
        showStatus();
      if (type === "drops")
        showDrops();
    },
    recolour() {},
    leave() {
      asked.stop();
      watched.stop();
    },
  };
}
