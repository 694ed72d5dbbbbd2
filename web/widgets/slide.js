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
 * Lets rows slide from where they were to where they are, as far as that is seen.
 * @param {Map<HTMLElement, number>} before
 */
export function slide(before) {
  if (isStill())
    return;
  const first = [...before.keys()].find((row) => row.isConnected);
  // Where the screen begins and ends, as rows count.
  const top = first ? first.offsetTop - first.getBoundingClientRect().top : 0;
  const isSeen = (/** @type {HTMLElement} */ row, /** @type {number} */ at) =>
    at + row.offsetHeight > top && at < top + innerHeight;
  const ways = [...before].filter(([row]) => row.isConnected)
    .map(([row, was]) => /** @type {const} */ ([row, was - row.offsetTop,
      isSeen(row, was) || isSeen(row, row.offsetTop)]));
  for (const [row, way, isWatched] of ways)
    if (way && isWatched)
      row.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }],
        { duration: SLIDE_MS, easing: "ease-out" });
}
