// @ts-check
// newest.js - one line on the overview: the latest that was noticed, if it is new.
import { make, setText } from "../core/dom.js";
import { linkOf } from "../core/events.js";
import { ago, tame } from "../core/format.js";

/** @typedef {import("../core/store.js").Store} Store */

/** @param {Store} store */
export function makeNewest(store) {
  const words = make("bdi");
  const link = make("a", { class: "link" }, words);
  const age = make("span", { class: "muted" });
  const all = make("a", { class: "link newest-all", href: "#/events" });
  const element = make("p", { class: "inner newest", role: "status", hidden: "" }, link, age, all);
  return {
    element,
    update() {
      const { list, unseen } = store.events;
      element.hidden = !unseen;
      if (!unseen)
        return;
      setText(words, tame(list[0].text));
      link.setAttribute("href", linkOf(list[0]) ?? "#/events");
      setText(age, ago(list[0].at_ms + store.skewMs, Date.now()));
      setText(all, unseen > 1 ? `${unseen - 1} more` : "All events");
    },
  };
}
