// @ts-check
// picker.js - a span typed instead of dragged: from when to when.
import { make } from "../core/dom.js";

/** Local time for a datetime-local field. @param {number} at */
const localOf = (at) => new Date(at - new Date(at).getTimezoneOffset() * 60_000)
  .toISOString().slice(0, 19);

/** @param {(from: number, to: number) => void} onPick by this computer's clock */
export function makePicker(onPick) {
  const field = (/** @type {string} */ label) => {
    const input = /** @type {HTMLInputElement} */ (make("input",
      { type: "datetime-local", step: "1", required: "" }));
    return { element: make("label", { class: "field" }, label, input), input };
  };
  const from = field("From");
  const to = field("To");
  const element = make("form", { class: "picker", "aria-label": "Span" }, from.element,
    to.element, make("button", { type: "submit", class: "act" }, "Show"));

  element.addEventListener("submit", (event) => {
    event.preventDefault();
    onPick(new Date(from.input.value).getTime(), new Date(to.input.value).getTime());
  });
  return {
    element,
    /** @param {number} begin @param {number} end */
    update(begin, end) {
      if (element.contains(document.activeElement))
        return;
      from.input.value = localOf(begin);
      to.input.value = localOf(end);
    },
  };
}
