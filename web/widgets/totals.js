// @ts-check
// totals.js - what a span adds up to: bytes, average, peak.
import { make, setQuantity, setText } from "../core/dom.js";
import { bytes, duration, inWords, rate } from "../core/format.js";
import { number } from "../core/history.js";
import { stepWords } from "../core/span.js";
import { makeTile } from "./tiles.js";

export function makeTotals() {
  const down = makeTile("Down", "down");
  const up = makeTile("Up", "up");
  const mean = makeTile("Average");
  const peak = makeTile("Peak");

  return {
    element: make("dl", { class: "tiles four" },
      ...[down, up, mean, peak].map(({ element }) => element)),
    /** @param {Record<string, any>} said @param {import("../core/span.js").Span} span */
    update(said, span) {
      const seconds = Math.max(0.001, (span.to - span.from) / 1000);
      const rx = number(said.total?.rx);
      const tx = number(said.total?.tx);
      const step = number(said.step_ms) || 1000;
      setQuantity(down.value, bytes(rx));
      setText(down.more, `in ${duration(seconds)}`);
      setQuantity(up.value, bytes(tx));
      setText(up.more, `in ${duration(seconds)}`);
      setQuantity(mean.value, rate(number(said.average_rx_bps)));
      setText(mean.more, `down; ${inWords(rate(number(said.average_tx_bps)))} up`);
      setQuantity(peak.value, rate(number(said.peak_rx_bps)));
      setText(peak.more, `down; ${inWords(rate(number(said.peak_tx_bps)))} up, in ` +
        stepWords(step));
    },
  };
}
