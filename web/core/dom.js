// @ts-check
// dom.js - elements made and changed. Text reaches the page only as text, and tamed:
// what a device calls itself is never markup, and steers nothing around it.
import { tame } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {Element} E
 * @param {E} element
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    element.setAttribute(name, tame(value));
  element.append(...children.map((child) => typeof child === "string" ? tame(child) : child));
  return element;
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export const make = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export const svg = (tag, attributes = {}, ...children) =>
  fill(/** @type {SVGElement} */ (document.createElementNS(SVG, tag)), attributes,
    children);

/**
 * A line drawing that only decorates.
 * @param {string} path
 * @param {string} [viewBox]
 */
export const drawing = (path, viewBox = "0 0 24 24") =>
  svg("svg", { class: "drawing", viewBox, "aria-hidden": "true" },
    svg("path", { d: path }));

/**
 * Changes a text only when it differs, so that selections last.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  const tamed = tame(text);
  if (node.textContent !== tamed)
    node.textContent = tamed;
}

/**
 * Shows a number with its unit in muted ink.
 * @param {HTMLElement} element
 * @param {{number: string, unit: string}} quantity
 */
export function setQuantity(element, { number, unit }) {
  const text = unit ? `${number}\u00a0${unit}` : number;
  if (element.textContent === text)
    return;
  element.replaceChildren(number);
  if (unit)
    element.append("\u00a0", make("span", { class: "unit" }, unit));
}

/** @param {{number: string, unit: string}} quantity */
export function makeQuantity(quantity) {
  const element = make("span");
  setQuantity(element, quantity);
  return element;
}

/** @param {string} name a custom property that is a colour */
export function colour(name) {
  const probe = make("span", { hidden: "" });
  probe.style.color = `var(${name})`;
  document.getElementById("view")?.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
