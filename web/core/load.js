// @ts-check
// load.js - sheets and libraries that not every view needs: fetched when one does.
import { make } from "./dom.js";

/** @type {Map<string, Promise<void>>} what is there, or under way */
const all = new Map();

/** @param {string} href of a sheet or a script @returns {Promise<void>} */
const fetchIt = (href) => new Promise((resolve, reject) => {
  const element = href.endsWith(".css") ? make("link", { rel: "stylesheet", href }) :
    make("script", { src: href });
  element.addEventListener("load", () => resolve());
  element.addEventListener("error", () => {
    element.remove();
    all.delete(href);
    reject(new Error(`${href} is not there`));
  });
  document.head.append(element);
});

/** Once for all; it is there when this is over. @param {string} href */
export function load(href) {
  const whole = all.get(href) ?? fetchIt(href);
  all.set(href, whole);
  return whole;
}

/** What charts are drawn with: uPlot, as a global. */
export const loadPlots = () => load("/vendor/uPlot.iife.min.js");
