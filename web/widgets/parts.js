// @ts-check
// parts.js - small things that views are put together from: sections, meters,
// buttons that do something at the gateway, fields.
import { make, setText } from "../core/dom.js";
import { count, percent } from "../core/format.js";

/**
 * @param {string} head
 * @param {...Node} children
 */
export function makeSection(head, ...children) {
  const id = `head-${head.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;
  const aside = make("span", { class: "muted" });
  return {
    element: make("section", { class: "inner", "aria-labelledby": id },
      make("header", { class: "section" }, make("h2", { class: "head", id }, head), aside),
      ...children),
    /** @param {string} words */
    say(words) {
      setText(aside, words);
    },
  };
}

/**
 * How much of something there is, or which share of it.
 * @param {string} label
 * @param {"fill" | "share"} [kind] a fill is bad when it is nearly all
 */
export function makeMeter(label, kind = "fill") {
  const bar = make("div", { class: "meter-bar" });
  const words = make("dd", { class: "more" });
  const value = make("dd", { class: "value" });
  return {
    element: make("div", { class: "tile" }, make("dt", {}, label), value,
      make("dd", { class: "meter", "aria-hidden": "true" }, bar), words),
    /** @param {number} used @param {number} of @param {string} [more] */
    update(used, of, more = "") {
      const isShare = kind === "share";
      setText(value, isShare ? percent(used, of) : count(used));
      setText(words, `${isShare ? `${count(used)} ` : ""}of ${count(of)}${more && `, ${more}`}`);
      bar.style.inlineSize = `${of ? Math.min(100, 100 * used / of) : 0}%`;
      bar.dataset.full = String(!isShare && of > 0 && used > 0.9 * of);
    },
  };
}

/**
 * A button that does one thing at a time. It is not disabled meanwhile, as that
 * would take the keyboard away from it.
 * @param {string} label
 * @param {() => Promise<unknown>} act
 * @param {(sentence: string) => void} onRefused
 * @param {string} [about] for those who only hear it
 */
export function makeAct(label, act, onRefused, about = "") {
  const button = make("button", { type: "button", class: "act" }, label);
  if (about)
    button.setAttribute("aria-label", `${label}: ${about}`);
  button.addEventListener("click", async () => {
    if (button.hasAttribute("aria-busy"))
      return;
    button.setAttribute("aria-busy", "true");
    onRefused("");
    try {
      await act();
    } catch (error) {
      onRefused(/** @type {Error} */ (error).message);
    }
    button.removeAttribute("aria-busy");
  });
  return button;
}

/** Where a refusal is said. */
export function makeProblem() {
  const element = make("p", { class: "problem inner", role: "alert" });
  return {
    element,
    /** @param {string} sentence */
    say(sentence) {
      setText(element, sentence);
    },
  };
}

/**
 * @param {string} label
 * @param {Record<string, string>} [attributes]
 */
export function makeInput(label, attributes = {}) {
  const input = /** @type {HTMLInputElement} */ (make("input",
    { type: "text", autocomplete: "off", spellcheck: "false", ...attributes }));
  return { element: make("label", { class: "field" }, label, input), input };
}
