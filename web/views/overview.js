// @ts-check
// overview.js - one glance: is the internet up, who is using it.
import { make, setText } from "../core/dom.js";
import { paintOnBeat } from "../core/frame.js";
import { duration } from "../core/format.js";
import { wholeOf } from "../core/source.js";
import { makeChart } from "../widgets/chart.js";
import { makeDevices } from "../widgets/devices.js";
import { makeNewest } from "../widgets/newest.js";
import { makeNotice } from "../widgets/notice.js";
import { isActive } from "../widgets/row.js";
import { makeTiles } from "../widgets/tiles.js";

/** @typedef {import("../core/store.js").Store} Store */
/** @typedef {import("../core/store.js").Lan} Lan */

export const title = "Overview";

/** @param {Lan} lan */
function portItems(lan) {
  return lan.ports.map((port) => {
    const isUp = port.carrier !== "none";
    return make("li", { class: "port", title: `Carried by: ${port.carrier}` },
      make("span", { class: "dot", "data-on": String(isUp) }), port.ifname,
      make("span", { class: "muted" }, isUp ? "up" : "down"));
  });
}

function makePorts() {
  const element = make("ul", { class: "ports", "aria-label": "LAN ports" });
  let drawn = "";
  return {
    element,
    /** @param {Lan[]} lan */
    update(lan) {
      const text = JSON.stringify(lan);
      if (text !== drawn)
        element.replaceChildren(...lan.flatMap(portItems));
      drawn = text;
    },
  };
}

/**
 * @param {HTMLElement} root
 * @param {Store} store
 * @returns {{update: (type: string) => void, recolour: () => void}}
 */
export function mount(root, store) {
  const tiles = makeTiles(store);
  const chart = makeChart(wholeOf(store));
  const devices = makeDevices(store);
  const ports = makePorts();
  const newest = makeNewest(store);
  const active = make("span", { class: "muted" });
  const since = make("p", { class: "since" });
  const nobody = makeNotice("empty", "No device has come in yet.",
    "Plug one into a LAN port, or join it to the Wi-Fi behind one: it gets an " +
    "address by itself and appears here.");

  root.replaceChildren(
    make("section", { class: "inner", "aria-label": "Now" }, tiles.element),
    newest.element, chart.element,
    make("section", { class: "inner", "aria-labelledby": "devices-head" },
      make("header", { class: "section" },
        make("h2", { class: "head", id: "devices-head" }, "Devices"), active, ports.element),
      devices.element, nobody.element, since));

  function paintStatus() {
    if (!store.status)
      return;
    tiles.update(store.status);
    ports.update(store.status.lan);
    setText(since, `Open for ${duration(store.status.uptime_s)}. Today began at midnight, by ` +
      "the gateway's clock.");
  }

  function paintDevices() {
    const all = [...store.devices.values()];
    const n = all.filter((d) => isActive(d, store.devicesAt)).length;
    devices.element.hidden = since.hidden = !all.length;
    nobody.element.hidden = !store.knowsDevices || all.length > 0;
    setText(active, all.length ? `${n} of ${all.length} active` : "");
    devices.update();
  }

  paintStatus();
  paintDevices();
  newest.update();
  return {
    update(type) {
      if (type === "tick" || type === "recent")
        chart.update();
      if (type === "status" || type === "drops")
        paintOnBeat(paintStatus);
      if (type === "clients")
        paintOnBeat(paintDevices);
      if (type === "event" || type === "status")
        paintOnBeat(newest.update);
    },
    recolour: chart.recolour,
  };
}
