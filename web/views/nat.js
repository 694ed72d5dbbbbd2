// @ts-check
// nat.js - which connections there are and what carries them, who uses which port of
// the outside, what is let in, what was dropped: four ways of one view.
import { changeList, watch } from "../core/api.js";
import { make, makeQuantity } from "../core/dom.js";
import { bytes, count, orDash, tame } from "../core/format.js";
import { makeCone } from "../widgets/cone.js";
import { makeFlows } from "../widgets/flows.js";
import { makeList } from "../widgets/list.js";
import { makeMappings } from "../widgets/mappings.js";
import { makeNothing } from "../widgets/notice.js";
import { makeAct, makeInput, makeMeter, makeProblem, makeSection } from "../widgets/parts.js";
import { makeWays } from "../widgets/switch.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {{proto: string, port: number, to: string}} Forward */

export const title = "NAT";
const EVERY_MS = 3000;

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

/** @param {Store} store @param {(sentence: string) => void} onRefused */
function makeForwards(store, onRefused) {
  /** @param {string} to */
  function nameOf(to) {
    const device = [...store.devices.values()].find(({ ip }) => ip === to.replace(/:\d+$/, ""));
    return tame(device?.name || device?.hostname || "\u2013");
  }

  const list = makeList("Forwards", [
    { label: "Outside", text: (f) => `${f.proto} ${f.port}` },
    { label: "To", text: (f) => f.to },
    { label: "Device", text: (f) => nameOf(f.to) },
    { label: "", kind: "deed", make: (f) => makeAct("Remove", async () => {
      await changeList("nat", "forwards", (all) => all.filter((one) => !isSame(one, f)));
      asked.now();
    }, onRefused, `${f.proto} ${f.port}`) },
  ], (/** @type {Forward} */ f) => `${f.proto}:${f.port}`);
  const none = makeNothing("No port is forwarded.",
    "Whoever comes unasked finds the gate shut. A forward opens one port, to one device.");
  const adder = makeAdder(async (forward) => {
    await changeList("nat", "forwards", (all) => [...all, forward]);
    asked.now();
  }, onRefused);
  const section = makeSection("Forwards", list.element, none.element, adder);
  const asked = watch("settings", EVERY_MS, (settings) => {
    const all = settings.nat?.forwards ?? [];
    list.update(all);
    none.element.hidden = all.length > 0;
  });

  return { element: section.element, stop: asked.stop };
}

/** @param {Store} store */
function makeDrops(store) {
  const list = makeList("Drops", [
    { label: "Reason", text: (d) => d.reason.replaceAll("_", " ") },
    { label: "Packets", kind: "number", width: "30%", text: (d) => count(d.packets) },
    { label: "Bytes", kind: "number", width: "30%", make: (d) => makeQuantity(orDash(d.bytes, bytes)) },
  ], (/** @type {import("../core/store.js").Drop} */ d) => d.reason);
  const none = makeNothing("Nothing has been dropped.",
    "What is turned away at the gate, or lost at it, is counted here by its reason.");
  const section = makeSection("Dropped", list.element, none.element);

  function update() {
    const all = (store.drops ?? []).filter(({ packets }) => packets > 0)
      .sort((a, b) => b.packets - a.packets);
    list.update(all);
    none.element.hidden = !store.drops || all.length > 0;
    section.say(all.length ? "since the start" : "");
  }

  update();
  return { element: section.element, update, stop() {} };
}

const WAYS = [
  { of: "", label: "Connections", make: makeFlows },
  { of: "ports", label: "Outside ports", make: makeMappings },
  { of: "forwards", label: "Forwards", make: makeForwards },
  { of: "drops", label: "Dropped", make: makeDrops },
];

/**
 * @param {HTMLElement} root @param {Store} store
 * @param {import("../core/route.js").Route} route
 */
export function mount(root, store, { of }) {
  const at = Math.max(0, WAYS.findIndex((way) => way.of === of));
  const problem = makeProblem();
  const sessions = makeMeter("Connections");
  const mapped = makeMeter("Outside ports");
  const ways = makeWays("NAT", WAYS.map((way) =>
    ({ href: `#/nat${way.of && `/${way.of}`}`, label: way.label })));
  /** @type {{element: HTMLElement, stop: () => void, update?: () => void}} */
  const part = WAYS[at].make(store, problem.say);

  function showStatus() {
    const nat = store.status?.nat;
    if (!nat)
      return;
    mapped.update(nat.mappings, nat.mappings_max);
    sessions.update(nat.sessions, nat.sessions_max);
  }

  ways.update(at);
  root.replaceChildren(make("section", { class: "inner", "aria-label": "Fill" },
    make("dl", { class: "tiles three" }, sessions.element, mapped.element,
      makeCone(store, problem.say))),
  make("div", { class: "inner" }, ways.element), problem.element, part.element);
  showStatus();
  return {
    /** @param {string} type */
    update(type) {
      if (type === "status")
        showStatus();
      if (type === "drops")
        part.update?.();
    },
    recolour() {},
    leave: part.stop,
  };
}
