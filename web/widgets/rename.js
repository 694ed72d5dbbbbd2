// @ts-check
// rename.js - a device's name as a field: Enter or leaving it keeps it, Escape
// does not.
import { rename } from "../core/deeds.js";
import { make } from "../core/dom.js";
import { tame } from "../core/format.js";

/**
 * @param {string} mac
 * @param {string} before
 * @param {() => void} onDone
 * @param {(sentence: string) => void} onRefused
 */
export function makeRename(mac, before, onDone, onRefused) {
  const field = /** @type {HTMLInputElement} */ (make("input",
    { type: "text", class: "name", maxlength: "63", value: tame(before), dir: "auto",
      placeholder: "no name", "aria-label": `Name of ${mac}`,
      autocomplete: "off", spellcheck: "false" }));
  field.addEventListener("keydown", ({ key }) => {
    if (key === "Escape")
      field.value = tame(before);
    if (key === "Enter" || key === "Escape")
      field.blur();
  });
  field.addEventListener("change", async () => {
    onRefused("");
    try {
      await rename(mac, field.value.trim());
      before = field.value.trim();
      onDone();
    } catch (error) {
      field.value = tame(before);
      onRefused(/** @type {Error} */ (error).message);
    }
  });
  return field;
}
