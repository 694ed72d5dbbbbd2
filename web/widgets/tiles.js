// @ts-check
// tiles.js - one glance: is the internet up and quick, how fast is it now, what was
// turned away.
import { make, setQuantity, setText } from "../core/dom.js";
import { bytes, count, duration, inWords, percent, rate } from "../core/format.js";
import { rttWords } from "../core/rtt.js";
import { arrow } from "./scale.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/store.js").Status} Status */

/** What the gate refuses on purpose; the rest of the reasons are losses. */
const REFUSALS = new Map([
  ["wan_closed", "unasked, from the world"],
  ["syn_held", "unasked, from the world"],
  ["wan_to_lan", "aimed past the gate"],
  ["spoofed", "from made-up senders at home"],
  ["martian", "from senders that cannot be"],
  ["malformed", "malformed"],
  ["bad_state", "out of any conversation"],
  ["ipv6_forward", "IPv6, not carried yet"],
]);

/** More than that is felt. */
export const LOSS_BAD = 0.02;

/**
 * @param {string | Node} label
 * @param {"down" | "up"} [way]
 */
export function makeTile(label, way) {
  const value = make("dd", { class: "value" });
  const more = make("dd", { class: "more" });
  const name = make("dt", {}, ...(way ? [arrow(way)] : []), label);
  return { element: make("div", { class: "tile" }, name, value, more), value, more };
}

/** @param {Status["wan"]} wan */
function wanWords(wan) {
  if (!wan.ifname)
    return { state: "Waiting", more: "No port leads to the internet yet" };
  if (!wan.up)
    return { state: "Down", more: `Is the cable in ${wan.ifname}?` };
  const via = wan.gateway ? ` via ${wan.gateway}` : "";
  return { state: "Up", more: `${wan.address ?? "no address"}${via}` };
}

/** @param {Store["drops"]} drops */
function refusals(drops) {
  const refused = (drops ?? []).filter(({ reason, packets }) =>
    packets > 0 && REFUSALS.has(reason));
  const total = refused.reduce((sum, { packets }) => sum + packets, 0);
  const [most] = refused.sort((a, b) => b.packets - a.packets);
  return { total, words: most ?
    `packets, mostly ${REFUSALS.get(most.reason)}` : "packets since the start" };
}

/** @param {Store} store */
export function makeTiles(store) {
  const wan = makeTile("Internet");
  const down = makeTile("Down now", "down");
  const up = makeTile("Up now", "up");
  const latency = makeTile(make("a", { class: "link", href: "#/line" }, "Latency"));
  const blocked = makeTile("Turned away");
  const flows = makeTile("Connections");
  const all = [wan, down, up, latency, blocked, flows];

  /** My Wi-Fi or my provider? @param {Status} now */
  function updateLatency({ wan: { latency_ms, loss }, rtt }) {
    const home = rttWords(rtt?.lan_us);
    const known = latency_ms !== null && latency_ms !== undefined;
    setQuantity(latency.value, known ? { number: latency_ms.toFixed(latency_ms < 9.95 ? 1 : 0),
      unit: "ms" } : { number: "\u2013", unit: "" });
    setText(latency.more, [loss === null || loss === undefined ? "" : `${percent(loss, 1)} lost`,
      home && `${home} at home`].filter(Boolean).join("; ") || "not measured yet");
    latency.value.classList.toggle("bad", (loss ?? 0) > LOSS_BAD);
  }

  /** @param {"rx" | "tx"} way */
  const todayWords = (way) => `${inWords(bytes(store.today[way]))} today`;

  /** @param {Status} status */
  function update(status) {
    const words = wanWords(status.wan);
    const [rx, tx] = store.boundary.now();
    const { total, words: why } = refusals(store.drops);

    setText(wan.value, words.state);
    setText(wan.more, words.more);
    wan.value.className = `value ${status.wan.up ? "good" : "bad"}`;
    setQuantity(down.value, rate(rx));
    setText(down.more, todayWords("rx"));
    setQuantity(up.value, rate(tx));
    setText(up.more, todayWords("tx"));
    updateLatency(status);
    setText(blocked.value, store.drops ? count(total) : "\u2013");
    setText(blocked.more, why);
    setText(flows.value, count(status.nat.sessions));
    setText(flows.more, `on ${count(status.nat.mappings)} ports; open for ` +
      duration(status.uptime_s));
  }

  return { element: make("dl", { class: "tiles" }, ...all.map((t) => t.element)), update };
}
