// @ts-check
// search.js - which rows of a large table: of one device, with a word in them, the
// latest so many. The gateway looks for them, not the page.
import { make } from "../core/dom.js";
import { choiceOf } from "../core/people.js";
import { makeInput } from "./parts.js";
import { makeChoice } from "./switch.js";

/** @typedef {import("../core/store.js").Store} Store */

const TYPING_MS = 250;

/**
 * @param {Store} store @param {number} limit
 * @param {() => void} onChange
 */
export function makeSearch(store, limit, onChange) {
  const wish = { device: "", find: "" };
  const find = makeInput("Find", { type: "search", size: "24", maxlength: "60" });
  const device = makeChoice("Device", (value) => {
    wish.device = value;
    onChange();
  });
  let typing = 0;

  device.select.className = "whom";
  find.input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      wish.find = find.input.value.trim();
      onChange();
    }, TYPING_MS);
  });
  return {
    element: make("div", { class: "adder" }, device.element, find.element),
    /** @param {string} table below /api/v1/ */
    pathOf(table) {
      const query = new URLSearchParams({ limit: String(limit) });
      for (const [key, value] of Object.entries(wish))
        if (value)
          query.set(key, value);
      return `${table}?${query}`;
    },
    get isNarrow() {
      return Boolean(wish.device || wish.find);
    },
    update: () => device.update(choiceOf(store), wish.device),
    stop: () => clearTimeout(typing),
  };
}
