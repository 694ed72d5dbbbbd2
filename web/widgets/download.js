// @ts-check
// download.js - the last traffic of a device as a file for Wireshark.
import { make } from "../core/dom.js";

/** @type {[string, number][]} */
const SPANS = [["last minute", 60], ["last ten minutes", 600], ["last hour", 3600],
  ["all that is kept", 86_400]];

/** @param {string} mac */
export function makeDownload(mac) {
  const stem = mac.replaceAll(":", "-");
  return make("p", { class: "downloads" },
    make("span", { class: "muted" }, "Its traffic for Wireshark:"),
    ...SPANS.map(([words, seconds]) => make("a", { class: "export", download: `${stem}.pcapng`,
      href: `/api/v1/capture/${encodeURIComponent(mac).replaceAll("%3A", ":")}?last_s=${seconds}` },
    words)));
}
