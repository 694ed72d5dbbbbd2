// @ts-check
// frame.js - one repaint per animation frame: who has something to paint says
// so, and all paint together. A page out of sight paints nothing, and remembers
// each painter once.

/** @type {Set<() => void>} */
const due = new Set();

function paint() {
  const painters = [...due];
  due.clear();
  for (const painter of painters)
    painter();
}

/** @param {() => void} painter */
export function paintSoon(painter) {
  if (!due.size)
    requestAnimationFrame(paint);
  due.add(painter);
}

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Whoever asked for it is spared all movement. */
export const isStill = () => still.matches;
