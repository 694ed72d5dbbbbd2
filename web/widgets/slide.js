// @ts-check
// slide.js - rows that slide from where they were to where they are: nothing under
// the eye, or under the pointer, jumps.
import { isStill } from "../core/frame.js";

const SLIDE_MS = 150;

/**
 * Where they are now.
 * @param {Iterable<{row: HTMLElement}>} rows
 */
export const placesOf = (rows) =>
  new Map(Array.from(rows, ({ row }) => [row, row.offsetTop]));

/**
 * Lets rows slide from where they were to where they are.
 * @param {Map<HTMLElement, number>} before
 */
export function slide(before) {
  if (isStill())
    return;
  const ways = [...before].filter(([row]) => row.isConnected)
    .map(([row, top]) => /** @type {const} */ ([row, top - row.offsetTop]));
  for (const [row, way] of ways)
    if (way)
      row.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }],
        { duration: SLIDE_MS, easing: "ease-out" });
}
