// @ts-check
// asked.js - the names that one device asked for lately.
import { watch } from "../core/api.js";
import { make } from "../core/dom.js";
import { tame, timeOfDay } from "../core/format.js";
import { answerWords, inBreaths, logPath, whyWords } from "../core/queries.js";
import { makeList } from "./list.js";
import { makeSection } from "./parts.js";

/** @typedef {import("../core/store.js").Store} Store */

const EVERY_MS = 3000;
const ASKED_FOR = 200;
const SHOWN = 12;

/** @param {Store} store @param {string} mac */
export function makeAsked(store, mac) {
  const list = makeList("Names it asked for", [
    { label: "Name", text: (q) => tame(q.name) },
    { label: "Type", width: "96px", text: (q) => q.types.join(", ") },
    { label: "Answer", text: (q) => tame(answerWords(q)) },
    { label: "Why", width: "112px", text: whyWords },
    { label: "When", kind: "number", text: (q) => timeOfDay(q.at_ms) },
  ], (/** @type {import("../core/queries.js").Asked} */ q) => q.key, SHOWN);
  const section = makeSection("Names it asked for", list.element,
    make("p", { class: "since" }, make("a", { class: "link", href: "#/names" },
      "All queries, and blocking a name")));
  // No device has this address, which the gateway knows, too.
  const path = () => logPath({ device: store.devices.get(mac)?.ip ?? "0.0.0.0", limit: ASKED_FOR });
  const watched = watch(path, EVERY_MS, (said) => {
    const all = inBreaths(said);
    list.update(all.slice(0, SHOWN));
    section.say(all.length ? "" : "none in the last day");
  });
  return { element: section.element, stop: watched.stop };
}
