// @ts-check
// touch.js - a span chosen with a finger: uPlot itself knows the mouse alone.

/**
 * @param {any} plot an uPlot whose setSelect hook takes what was chosen
 */
export function takeTouch(plot) {
  const over = /** @type {HTMLElement} */ (plot.over);
  /** @type {number | null} */
  let from = null;

  /** @param {PointerEvent} event @param {boolean} isOver */
  function select(event, isOver) {
    const x = Math.min(over.clientWidth, Math.max(0,
      event.clientX - over.getBoundingClientRect().left));
    const begin = from ?? x;
    plot.setSelect({ left: Math.min(begin, x), width: Math.abs(x - begin), top: 0,
      height: over.clientHeight }, isOver);
    return x;
  }

  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch")
      return;
    over.setPointerCapture(event.pointerId);
    from = select(event, false);
  });
  over.addEventListener("pointermove", (event) => {
    if (from !== null)
      select(event, false);
  });
  over.addEventListener("pointerup", (event) => {
    if (from !== null)
      select(event, true);
    from = null;
  });
  over.addEventListener("pointercancel", () => {
    from = null;
  });
}
