// @ts-check
// events.js - what the gateway noticed: plain sentences, each with the way to what
// it is about.
import { make } from "../core/dom.js";
import { KINDS, linkOf, oftenWords } from "../core/events.js";
import { tame, when } from "../core/format.js";
import { makeList } from "../widgets/list.js";
import { makeNotice } from "../widgets/notice.js";
import { makeSection } from "../widgets/parts.js";
import { makeChoice } from "../widgets/switch.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/events.js").Event} Event */

export const title = "Events";

/** @param {HTMLElement} root @param {Store} store */
export function mount(root, store) {
  let kind = "";
  const seenBefore = store.events.seen;

  /** @param {Event} e */
  function makeSentence(e) {
    const words = make("bdi", {}, tame(e.text));
    const link = linkOf(e);
    const often = oftenWords(e);
    return make("span", { class: e.id > seenBefore ? "event new" : "event" },
      link ? make("a", { class: "link", href: link }, words) : words,
      ...(often ? [make("span", { class: "muted" }, ` ${often}`)] : []));
  }

  const kinds = makeChoice("What", (value) => {
    kind = value;
    show();
  });
  const list = makeList("Events", [
    { label: "What happened", make: makeSentence },
    { label: "Kind", kind: "event-kind", width: "176px", text: (e) => KINDS[e.kind] ?? tame(e.kind) },
    { label: "When", kind: "number", width: "168px", text: (e) => when(e.at_ms + store.skewMs, Date.now()) },
  ], (/** @type {Event} */ e) => String(e.id));
  const none = makeNotice("empty", "Nothing odd has been noticed.",
    "New devices, scans, sudden uploads, a line that gets worse: what is noticed is told here.");
  const section = makeSection("Events", make("div", { class: "adder" }, kinds.element),
    list.element, none.element);

  function show() {
    const all = store.events.list;
    list.update(all.filter((e) => !kind || e.kind === kind));
    kinds.update([["", "everything"], ...[...new Set(all.map((e) => e.kind))].sort().map((k) =>
      /** @type {[string, string]} */ ([k, KINDS[k] ?? tame(k)]))], kind);
    kinds.element.hidden = !all.length;
    none.element.hidden = all.length > 0;
    section.say(all.length ? String(all.length) : "");
    store.look();
  }

  root.replaceChildren(section.element);
  show();
  return {
    /** @param {string} type */
    update(type) {
      if (type === "event")
        show();
    },
    recolour() {},
  };
}
