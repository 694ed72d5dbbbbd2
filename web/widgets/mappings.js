// @ts-check
// mappings.js - which outside port is whose, the latest used first.
import { watch } from "../core/api.js";
import { count, duration } from "../core/format.js";
import { nameOfAddress } from "../core/people.js";
import { splitEndpoint } from "../core/talks.js";
import { makeList } from "./list.js";
import { makeNothing } from "./notice.js";
import { makeSection } from "./parts.js";
import { makeSearch } from "./search.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {{proto: string, inside: string, outside: string, static: boolean, idle_ms: number}} Mapping */

const EVERY_MS = 3000;
const ASKED_FOR = 500;

/** @param {Store} store */
export function makeMappings(store) {
  const none = makeNothing("No outside port is in use.");
  const list = makeList("Mappings", [
    { label: "Outside", text: (m) => `${m.proto} ${splitEndpoint(m.outside).port}` },
    { label: "Device", text: (m) => nameOfAddress(store, splitEndpoint(m.inside).address) },
    { label: "Inside", text: (m) => m.inside },
    { label: "Kind", text: (m) => m.static ? "forward" : "by itself" },
    { label: "Idle", kind: "number", text: (m) => duration(m.idle_ms / 1000) },
  ], (/** @type {Mapping} */ m) => `${m.proto} ${m.outside} ${m.inside}`);
  const search = makeSearch(store, ASKED_FOR, () => watched.now());
  const section = makeSection("Outside ports", search.element, list.element, none.element);
  const watched = watch(() => search.pathOf("mappings"), EVERY_MS, (said, path) => {
    if (path !== search.pathOf("mappings"))
      return;
    const all = /** @type {Mapping[]} */ (said);
    search.update();
    list.update(all);
    none.element.hidden = all.length > 0;
    none.setNext(search.isNarrow ? "Nothing fits what is looked for." :
      "A device takes one as soon as it speaks with the internet.");
    section.say(all.length ? `${all.length < ASKED_FOR ? "" : "the latest "}${count(all.length)}` : "");
  });
  return {
    element: section.element,
    stop() {
      watched.stop();
      search.stop();
    },
  };
}
