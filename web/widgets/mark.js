// @ts-check
// mark.js - the gate in the page's head and in the browser's tab. It lowers by
// a bar for each LAN port that is down; the tab shows it shut without a WAN.

/** @typedef {import("../core/store.js").Status} Status */

const BARS = 3;

/** @param {Status} status @param {boolean} isStale */
export function setMark(status, isStale) {
  const ports = status.lan.flatMap((lan) => lan.ports);
  const down = ports.filter((port) => port.carrier === "none").length;
  const icon = status.wan.up && !isStale ? "/icon-open.svg" : "/icon-shut.svg";
  const link = document.getElementById("icon");

  document.getElementById("mark")?.setAttribute(
    "data-lowered", String(Math.min(down, BARS)));
  if (link && link.getAttribute("href") !== icon)
    link.setAttribute("href", icon);
}
