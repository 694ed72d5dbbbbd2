// @ts-check
// freshness.js - says in the head how old the page is, and asks again at once if
// one wants it to.
import { make, setText } from "../core/dom.js";
import { duration } from "../core/format.js";

/** @typedef {import("../core/store.js").Store} Store */

const SLOW = "The way here is slow: told less often.";

/** @param {Store} store */
export function retryWords({ isOpen, retryAt }) {
  const left = Math.ceil((retryAt - performance.now()) / 1000);
  if (isOpen)
    return "Waiting for a word\u2026";
  return left > 0 ? `Asking again in ${left} s.` : "Asking again\u2026";
}

/**
 * @param {Store} store
 * @param {() => void} retry
 */
export function makeFreshness(store, retry) {
  const state = make("span", { class: "freshness-state" }, "Waiting");
  // Told once when it changes; an age that is read out every second helps no one.
  const told = make("span", { class: "unseen", role: "status" });
  const next = make("span", { class: "freshness-next" });
  const again = make("button", { type: "button", class: "again", hidden: "" }, "Ask now");
  const element = make("div", { class: "freshness", "data-state": "waiting" },
    state, next, again, told);

  again.addEventListener("click", retry);
  return {
    element,
    update() {
      const isLive = store.heardAt > 0 && !store.isStale;
      element.dataset.state = isLive ? "live" : store.heardAt ? "stale" : "waiting";
      setText(state, isLive ? "Live" : store.heardAt ?
        `${duration(store.ageMs / 1000)} old` : "Waiting");
      setText(next, isLive ? (store.isLagging ? SLOW : "") :
        store.heardAt ? retryWords(store) : "");
      setText(told, isLive ? (store.isLagging ? SLOW : "Live") : store.heardAt ?
        "The gateway does not answer; what is shown is old." : "");
      again.hidden = isLive || store.isOpen;
    },
  };
}
