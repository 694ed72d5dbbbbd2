// @ts-check
// frame.js - one repaint per animation frame: who has something to paint says
// so, and all paint together. What somebody does is painted in the next frame; news
// wait for the beat, ten times a second, as each frame costs and no eye reads more. A
// page out of sight paints nothing, and remembers each painter once.

const BEAT_MS = 100;

/** @type {Set<() => void>} */
const due = new Set();
/** @type {Set<() => void>} */
const dueOnBeat = new Set();

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

function beat() {
  const painters = [...dueOnBeat];
  dueOnBeat.clear();
  painters.forEach(paintSoon);
}

/** @param {() => void} painter */
export function paintOnBeat(painter) {
  if (!dueOnBeat.size)
    setTimeout(beat, BEAT_MS - performance.now() % BEAT_MS);
  dueOnBeat.add(painter);
}

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Whoever asked for it is spared all movement. */
export const isStill = () => still.matches;
