// @ts-check
// switch.js - on or off, at once; and a choice out of few.
import { make } from "../core/dom.js";

/** So long after a deed there may still be word on its way from before it. */
const SETTLE_MS = 1500;

/**
 * @param {string} label
 * @param {(isOn: boolean) => Promise<unknown>} act
 * @param {(sentence: string) => void} onRefused
 * @param {boolean} [isOn]
 */
export function makeSwitch(label, act, onRefused, isOn = false) {
  const element = make("button", { type: "button", class: "switch", role: "switch",
    "aria-label": label, "aria-checked": String(isOn) });
  let settledAt = 0;
  element.addEventListener("click", async () => {
    const wish = element.getAttribute("aria-checked") !== "true";
    onRefused("");
    element.setAttribute("aria-busy", "true");
    element.setAttribute("aria-checked", String(wish));
    try {
      await act(wish);
      settledAt = performance.now() + SETTLE_MS;
    } catch (error) {
      element.setAttribute("aria-checked", String(!wish));
      onRefused(/** @type {Error} */ (error).message);
    }
    element.removeAttribute("aria-busy");
  });
  return {
    element,
    /** @param {boolean} now */
    update(now) {
      if (!element.hasAttribute("aria-busy") && performance.now() >= settledAt)
        element.setAttribute("aria-checked", String(now));
    },
  };
}

/**
 * A select whose options may change; the choice stays while it is there.
 * @param {string} label
 * @param {(value: string) => void} onChoice
 */
export function makeChoice(label, onChoice) {
  const select = /** @type {HTMLSelectElement} */ (make("select"));
  let drawn = "";
  select.addEventListener("change", () => onChoice(select.value));
  return {
    element: make("label", { class: "field" }, label, select),
    select,
    /** @param {[value: string, words: string][]} options @param {string} [value] */
    update(options, value = select.value) {
      const text = JSON.stringify(options);
      if (text !== drawn && select !== document.activeElement) {
        select.replaceChildren(...options.map(([v, words]) =>
          make("option", { value: v }, words)));
        drawn = text;
      }
      if (select !== document.activeElement)
        select.value = value;
    },
  };
}

/**
 * Ways within a view, as links.
 * @param {string} label
 * @param {{href: string, label: string}[]} ways
 */
export function makeWays(label, ways) {
  const links = ways.map((way) => make("a", { href: way.href }, way.label));
  return {
    element: make("nav", { class: "ways", "aria-label": label }, ...links),
    /** @param {number} current @param {string[]} [hrefs] where they lead now */
    update(current, hrefs) {
      links.forEach((link, i) => {
        if (hrefs)
          link.setAttribute("href", hrefs[i]);
        if (i === current)
          link.setAttribute("aria-current", "true");
        else
          link.removeAttribute("aria-current");
      });
    },
  };
}

/**
 * What is shown, as files.
 * @param {string[]} formats
 * @param {string} stem of their names
 */
export function makeExports(formats, stem) {
  const links = formats.map((format) => make("a", { class: "export",
    download: `${stem}.${format}` }, format.toUpperCase()));
  return {
    element: make("span", { class: "exports" }, make("span", { class: "muted" }, "Keep it:"),
      ...links),
    /** @param {(format: string) => string} path below /api/v1/ */
    update(path) {
      links.forEach((link, i) => link.setAttribute("href", `/api/v1/${path(formats[i])}`));
    },
  };
}
