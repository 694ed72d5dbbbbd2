// @ts-check
// gate.js - the password: chosen at the first visit, given at the later ones.
import { ask } from "../core/api.js";
import { make, setText } from "../core/dom.js";

const LEAST = 8;

/**
 * @param {string} label @param {string} complete for the browser's own keeper
 * @returns {{element: HTMLElement, input: HTMLInputElement}}
 */
function makeField(label, complete) {
  const input = /** @type {HTMLInputElement} */ (make("input",
    { type: "password", autocomplete: complete, maxlength: "128", required: "" }));
  return { element: make("label", { class: "field" }, label, input), input };
}

/**
 * @param {boolean} isFirst there is no password yet
 * @param {() => void} onOpen
 */
export function makeGate(isFirst, onOpen) {
  const one = makeField(isFirst ? "Choose a password" : "Password",
    isFirst ? "new-password" : "current-password");
  const two = makeField("Once more", "new-password");
  const problem = make("p", { class: "problem", role: "alert" });
  const button = make("button", { type: "submit", class: "act" },
    isFirst ? "Keep it" : "Open");
  const element = make("form", { class: "gate", "aria-label": "Password" },
    make("h2", { class: "notice-what" }, isFirst ? "Whose gate is this?" : "Who goes there?"),
    make("p", { class: "muted" }, isFirst ?
      "Names of who speaks with whom, and every setting, are the owner's alone. " +
      "Choose a password to see and to change them." :
      "This page is for the owner of this home. Forgotten? On the gateway itself, " +
      "as root: portcullis passwd"),
    one.element, ...(isFirst ? [two.element] : []), problem, button);

  function fault() {
    if (!isFirst)
      return "";
    if (new TextEncoder().encode(one.input.value).length < LEAST)
      return `At least ${LEAST} characters.`;
    return one.input.value === two.input.value ? "" : "The two differ.";
  }

  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    setText(problem, fault());
    if (problem.textContent)
      return;
    button.setAttribute("disabled", "");
    try {
      await ask(isFirst ? "password" : "session", "POST", { password: one.input.value });
      onOpen();
    } catch (error) {
      setText(problem, /** @type {Error} */ (error).message);
      one.input.select();
    }
    button.removeAttribute("disabled");
  });
  return { element, focus: () => one.input.focus() };
}
