// @ts-check
// settings.js - a field for each thing that can be set: checked and applied by the
// gateway when one leaves it, undone with one click.
import { watch } from "../core/api.js";
import { choose } from "../core/deeds.js";
import { make, setText } from "../core/dom.js";
import { asText, asValue, SETTINGS, valueOf } from "../core/settings.js";
import { makeSection } from "../widgets/parts.js";

/** @typedef {import("../core/settings.js").Setting} Setting */

export const title = "Settings";
const EVERY_MS = 5000;

/** @param {Setting} setting @param {() => void} onDone */
function makeField([key, words, hint], onDone) {
  const id = `set-${key.replaceAll(".", "-")}`;
  const input = /** @type {HTMLInputElement} */ (make("input", { type: "text", id,
    placeholder: hint, autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-said` }));
  const said = make("p", { class: "set-said", id: `${id}-said`, role: "status" });
  const undo = make("button", { type: "button", class: "act", hidden: "" }, "Undo");
  /** @type {unknown} */
  let present;
  /** What was there before it was changed here. @type {unknown} */
  let former;

  /** @param {unknown} value @param {unknown} back what an undo brings back */
  async function set(value, back) {
    try {
      await choose(key, value);
      former = back;
      undo.hidden = back === undefined;
      said.className = "set-said good";
      setText(said, back === undefined ? "As before." : "Applied.");
      input.removeAttribute("aria-invalid");
      onDone();
    } catch (error) {
      said.className = "set-said bad";
      setText(said, /** @type {Error} */ (error).message);
      input.setAttribute("aria-invalid", "true");
    }
  }

  input.addEventListener("change", () => set(asValue(input.value, present), present));
  input.addEventListener("keydown", ({ key: pressed }) => {
    if (pressed !== "Escape")
      return;
    input.value = asText(present);
    input.removeAttribute("aria-invalid");
    setText(said, "");
  });
  undo.addEventListener("click", () => {
    input.focus();
    set(former, undefined);
  });
  undo.setAttribute("aria-label", `Undo: ${words}`);
  return {
    element: make("div", { class: "set" }, make("label", { for: id }, words,
      make("code", { class: "set-key" }, key)),
    make("div", { class: "set-value" }, input, undo), said),
    /** @param {any} settings */
    update(settings) {
      const isMine = document.activeElement === input && input.value !== asText(present);
      present = valueOf(settings, key);
      if (!isMine && !input.hasAttribute("aria-invalid"))
        input.value = asText(present);
    },
  };
}

/** @param {HTMLElement} root */
export function mount(root) {
  const fields = SETTINGS.map(({ settings }) => settings.map((setting) =>
    makeField(setting, () => watched.now())));
  root.replaceChildren(...SETTINGS.map(({ head }, i) => makeSection(head,
    make("div", { class: "sets" }, ...fields[i].map(({ element }) => element))).element),
  make("p", { class: "inner since" }, "A field that is left empty is as it was made. Names, " +
    "fixed addresses, forwards and blocklists are set where they are shown."));
  const watched = watch("settings", EVERY_MS, (said) =>
    fields.flat().forEach((field) => field.update(said)));
  return { update() {}, recolour() {}, leave: watched.stop };
}
