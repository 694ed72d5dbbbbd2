// @ts-check
// theme.js - the switch: as the system has it, light, dark.
import { drawing, make } from "../core/dom.js";

const CHOICES = ["system", "light", "dark"];
const DRAWINGS = {
  system: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2" +
    "M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  dark: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
};

/** @param {string} choice */
function remember(choice) {
  try {
    if (choice === "system")
      localStorage.removeItem("theme");
    else
      localStorage.setItem("theme", choice);
  } catch {
    // It holds until the page is left.
  }
}

/**
 * @param {() => void} onChange colours are other ones now
 * @returns {HTMLElement}
 */
export function makeTheme(onChange) {
  const root = document.documentElement;
  const button = make("button", { type: "button", class: "theme" });
  let choice = root.dataset.theme ?? "system";

  function show() {
    const label = `Colours: ${choice === "system" ? "as the system" : choice}`;
    button.setAttribute("aria-label", label);
    button.title = label;
    button.replaceChildren(drawing(DRAWINGS[/** @type {"dark"} */ (choice)]));
    button.firstElementChild?.classList.toggle("half", choice === "system");
  }

  button.addEventListener("click", () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    if (choice === "system")
      delete root.dataset.theme;
    else
      root.dataset.theme = choice;
    remember(choice);
    show();
    onChange();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
  show();
  return button;
}
