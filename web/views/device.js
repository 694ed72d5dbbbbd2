// @ts-check
// device.js - one device: what it does now, who it talks to, how far away they are,
// what it asked for, and what the owner decided for it.
import { make, setQuantity, setText } from "../core/dom.js";
import { paintOnBeat } from "../core/frame.js";
import { bytes, inWords, orDash, rate } from "../core/format.js";
import { writeRoute } from "../core/route.js";
import { rttVerdict, rttWords } from "../core/rtt.js";
import { partOf } from "../core/source.js";
import { makeAsked } from "../widgets/asked.js";
import { makeChart } from "../widgets/chart.js";
import { makeDownload } from "../widgets/download.js";
import { makeNotice } from "../widgets/notice.js";
import { makePackets } from "../widgets/packets.js";
import { makeProblem } from "../widgets/parts.js";
import { makeProfile } from "../widgets/profile.js";
import { makeScans } from "../widgets/scans.js";
import { makeTalks } from "../widgets/talks.js";
import { makeTile } from "../widgets/tiles.js";

/** @typedef {import("../core/store.js").Store} Store */

export const title = "Device";

/** @param {Store} store @param {string} mac */
function makeNow(store, mac) {
  const down = makeTile("Down now", "down");
  const up = makeTile("Up now", "up");
  const today = makeTile("Today");
  const home = makeTile("Way to it");
  const world = makeTile("Way beyond");

  function update() {
    const d = store.devices.get(mac);
    if (!d)
      return;
    setQuantity(down.value, orDash(d.rx_bps, rate));
    setText(down.more, `${inWords(bytes(d.rx_bytes))} since the start`);
    setQuantity(up.value, orDash(d.tx_bps, rate));
    setText(up.more, `${inWords(bytes(d.tx_bytes))} since the start`);
    setQuantity(today.value, orDash(d.today.rx, bytes));
    setText(today.more, `received; ${inWords(bytes(d.today.tx))} sent`);
    setText(home.value, rttWords(d.rtt_lan_us) || "\u2013");
    setText(home.more, "from the gate and back");
    setText(world.value, rttWords(d.rtt_wan_us) || "\u2013");
    setText(world.more, rttVerdict(d.rtt_lan_us, d.rtt_wan_us));
  }

  update();
  return {
    element: make("section", { class: "inner", "aria-label": "Now" }, make("dl",
      { class: "tiles five" }, ...[down, up, today, home, world].map((t) => t.element))),
    update,
  };
}

/**
 * @param {HTMLElement} root @param {Store} store
 * @param {import("../core/route.js").Route} route
 */
export function mount(root, store, { of }) {
  const mac = of.toLowerCase();
  const device = store.devices.get(mac);
  if (!device) {
    root.replaceChildren(makeNotice("empty", "No such device has come in.",
      "Those that have are in the overview.").element);
    return { update() {}, recolour() {} };
  }
  const problem = makeProblem();
  const source = partOf(store, mac);
  const profile = makeProfile(store, device, problem.say);
  const now = makeNow(store, mac);
  const chart = makeChart(source);
  const packets = makePackets(store, mac);
  const talks = makeTalks(mac);
  const asked = makeAsked(store, mac);
  const scans = makeScans(store, mac);

  root.replaceChildren(profile.element, problem.element, now.element, scans.element, chart.element,
    make("div", { class: "inner device-ways" }, makeDownload(mac),
      make("a", { class: "link", href: writeRoute("traffic", "", { device: mac, group: "remote" }) },
        "Its last day")),
    talks.element, packets.element, asked.element);

  function paint() {
    profile.update();
    now.update();
  }

  return {
    /** @param {string} type */
    update(type) {
      if (type !== "clients")
        return;
      source.follow();
      chart.update();
      paintOnBeat(paint);
    },
    recolour: chart.recolour,
    wish: packets.wish,
    hear: packets.hear,
    leave() {
      for (const part of [profile, talks, asked, scans])
        part.stop();
    },
  };
}
