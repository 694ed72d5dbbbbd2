// @ts-check
// queries.js - the log of names asked for: found by device, name and reason; a
// name is shut or let through with one click.
import { watch } from "../core/api.js";
import { choose, judgeName } from "../core/deeds.js";
import { make } from "../core/dom.js";
import { tame, timeOfDay } from "../core/format.js";
import { answerWords, inBreaths, logPath, readLog, tookWords, WHYS, whyWords } from "../core/queries.js";
import { noteRoute, writeRoute } from "../core/route.js";
import { makeList } from "./list.js";
import { makeNothing } from "./notice.js";
import { makeAct, makeInput, makeSection } from "./parts.js";
import { makeChoice, makeExports, makeSwitch } from "./switch.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/queries.js").Asked} Asked */
/** @typedef {Asked & {verdict: string}} Row */

const EVERY_MS = 2000;
const ASKED_FOR = 400;
const EXPORTED = 50_000;
const SHOWN = 30;
const TYPING_MS = 250;

/** @param {Store} store @param {Asked} asked */
function deviceOf(store, { device, hostname }) {
  if (!device)
    return "the gateway";
  const known = [...store.devices.values()].find(({ ip }) => ip === device);
  return tame(known?.name || hostname || device);
}

/** @param {Asked} q */
const makeTypes = ({ types, times }) => make("span", {}, types.join(", "),
  ...(times > types.length ? [make("span", { class: "muted" }, ` \u00d7${times}`)] : []));

/**
 * What is looked for stands in the address.
 * @param {Store} store
 * @param {(sentence: string) => void} onRefused
 * @param {URLSearchParams} state
 */
export function makeQueries(store, onRefused, state) {
  let wish = readLog(state);
  let isOn = true;
  let typing = 0;
  const find = makeInput("Name", { type: "search", size: "22" });
  const device = makeChoice("Device", (value) => want({ device: value }));
  const why = makeChoice("Why", (value) => want({ why: value }));
  const files = makeExports(["csv", "json"], "queries");
  const log = makeSwitch("Keep the log of queries", async (on) => {
    await choose("dns.log", on ? "on" : "off");
    settings.now();
    queries.now();
  }, onRefused, true);
  const table = makeList("Queries", [
    { label: "Name", width: "26%", text: (q) => tame(q.name) },
    { label: "Type", width: "96px", make: makeTypes },
    { label: "Device", text: (q) => deviceOf(store, q) },
    { label: "Answer", text: (q) => tame(answerWords(q)) },
    { label: "Why", make: (q) => make("span", { class: q.why === "blocked" ? "bad" : "" },
      whyWords(q)) },
    { label: "Took", kind: "number", text: (q) => tookWords(q.took_us) },
    { label: "When", kind: "number", text: (q) => timeOfDay(q.at_ms) },
    { label: "", kind: "deed", width: "96px", make: makeVerdict },
  ], (/** @type {Row} */ q) => q.key, SHOWN);
  const none = makeNothing("No name was asked for.");
  const section = makeSection("Names asked for",
    make("div", { class: "adder" }, device.element, find.element, why.element,
      make("span", { class: "aside" }, files.element,
        make("span", { class: "switched" }, "Log", log.element))),
    table.element, none.element);
  let verdicts = { allow: new Set(), block: new Set() };

  /** @param {Row} q */
  function makeVerdict({ name, why: reason, verdict }) {
    const [label, next] = verdict ? ["Undo", null] :
      reason === "blocked" ? ["Allow", "allow"] : ["Block", "block"];
    return makeAct(/** @type {string} */ (label), async () => {
      await judgeName(name, /** @type {"allow" | "block" | null} */ (next));
      settings.now();
    }, onRefused, `${verdict && `always ${verdict}ed, `}${tame(name)}`);
  }

  /** @param {Partial<typeof wish>} part */
  function want(part) {
    onRefused("");
    wish = { ...wish, ...part };
    noteRoute(writeRoute("names", "", wish));
    settle();
  }

  /** The files and the log are of what is wished. */
  function settle() {
    files.update((format) => logPath({ ...wish, limit: EXPORTED, format }));
    queries.now();
  }

  const path = () => logPath({ ...wish, limit: ASKED_FOR });
  /** @type {Asked[] | null} null: not known yet */
  let asked = null;

  function show() {
    if (!asked)
      return;
    const rows = asked.map((q) => ({ ...q, verdict: verdicts.allow.has(q.name) ? "allow" :
      verdicts.block.has(q.name) ? "block" : "" }));
    table.update(rows);
    none.element.hidden = rows.length > 0;
    none.setNext(!isOn ? "The log is off: nothing is kept." :
      wish.device || wish.name || wish.why ? "Nothing fits what is looked for." :
        "Devices that use this gateway as their resolver appear here.");
    device.update([["", "all"], ...[...store.devices.values()].filter(({ ip }) => ip)
      .map((d) => /** @type {[string, string]} */ ([d.ip, tame(d.name || d.hostname || d.ip || "")]))], wish.device);
  }

  find.input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => want({ name: find.input.value.trim().toLowerCase() }), TYPING_MS);
  });
  device.select.className = "whom";
  const queries = watch(path, EVERY_MS, (said, from) => {
    if (from !== path())
      return;
    asked = inBreaths(said);
    show();
  }, (refused) => onRefused(refused.message));
  const settings = watch("settings", 2 * EVERY_MS, ({ dns }) => {
    verdicts = { allow: new Set(dns.allow), block: new Set(dns.block) };
    isOn = dns.log === "on";
    log.update(isOn);
    show();
  });
  /** What the address says is chosen. */
  function showWish() {
    find.input.value = wish.name;
    why.update(WHYS.map((w) => [w, w || "any"]), wish.why);
    settle();
  }

  showWish();
  return {
    element: section.element,
    /** @param {URLSearchParams} to */
    follow(to) {
      wish = readLog(to);
      showWish();
      show();
    },
    stop() {
      clearTimeout(typing);
      queries.stop();
      settings.stop();
    },
  };
}
