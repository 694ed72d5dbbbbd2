// @ts-check
// notice.js - waiting, empty and failed: each drawn, with one sentence and the
// next step.
import { drawing, make, setText } from "../core/dom.js";

/** On 48 by 48: an arch, and in it a gate half-way, a road, a closed gate. */
const ARCH = "M8 42V21a16 16 0 0 1 32 0v21M4 42h8M36 42h8";
const DRAWINGS = {
  waiting: `${ARCH}M15 8v13M21 6v15M27 6v15M33 8v13M8 14h32`,
  empty: `${ARCH}M15 8v3M21 6v5M27 6v5M33 8v3M20 42l2.5-14M28 42l-2.5-14M24 40v-3M24 34v-2`,
  failed: `${ARCH}M15 8v32M21 6v36M27 6v36M33 8v32M8 16h32M8 24h32M8 32h32`,
};

/**
 * @param {keyof typeof DRAWINGS} kind
 * @param {string} sentence
 * @param {string} [next]
 */
export function makeNotice(kind, sentence, next = "") {
  const what = make("p", { class: "notice-what" }, sentence);
  const step = make("p", { class: "notice-next" }, next);
  const element = make("div", { class: "notice", "data-kind": kind },
    drawing(DRAWINGS[kind], "0 0 48 48"), make("div", {}, what, step));
  return {
    element,
    /** @param {string} text */
    setNext(text) {
      setText(step, text);
    },
  };
}

/**
 * Nothing is there: not said before it is known.
 * @param {string} sentence
 * @param {string} [next]
 */
export function makeNothing(sentence, next) {
  const notice = makeNotice("empty", sentence, next);
  notice.element.hidden = true;
  return notice;
}
