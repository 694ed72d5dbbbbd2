// @ts-check
// kinds.js - what a device probably is, by what it calls itself, then by who
// made it; and the drawing of each kind.

/** @typedef {import("../core/store.js").Client} Client */

const TV = "M3 6.5A1.5 1.5 0 0 1 4.5 5h15A1.5 1.5 0 0 1 21 6.5v9a1.5 1.5 0 0 1" +
  "-1.5 1.5h-15A1.5 1.5 0 0 1 3 15.5zM8 20h8";

/** @type {Record<string, {label: string, path: string}>} */
export const KINDS = {
  phone: {
    label: "Phone",
    path: "M7 4.5A1.5 1.5 0 0 1 8.5 3h7A1.5 1.5 0 0 1 17 4.5v15a1.5 1.5 0 0 1" +
      "-1.5 1.5h-7A1.5 1.5 0 0 1 7 19.5zM10.5 18h3",
  },
  tablet: {
    label: "Tablet",
    path: "M5 4.5A1.5 1.5 0 0 1 6.5 3h11A1.5 1.5 0 0 1 19 4.5v15a1.5 1.5 0 0 1" +
      "-1.5 1.5h-11A1.5 1.5 0 0 1 5 19.5zM10 18h4",
  },
  laptop: {
    label: "Computer",
    path: "M5 6.5A1.5 1.5 0 0 1 6.5 5h11A1.5 1.5 0 0 1 19 6.5V15H5z" +
      "M2.5 18.5h19",
  },
  tv: { label: "Television", path: TV },
  printer: {
    label: "Printer",
    path: "M7 9V4h10v5M7 16H4.5A1.5 1.5 0 0 1 3 14.5v-4A1.5 1.5 0 0 1 4.5 9h15" +
      "A1.5 1.5 0 0 1 21 10.5v4a1.5 1.5 0 0 1-1.5 1.5H17M7 13.5h10V20H7z",
  },
  camera: {
    label: "Camera",
    path: "M12 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M12 8a2.5 2.5 0 1 0 0 5" +
      " 2.5 2.5 0 0 0 0-5M8 20.5h8M10 16.7l-1 3.8M14 16.7l1 3.8",
  },
  speaker: {
    label: "Speaker",
    path: "M7 4.5A1.5 1.5 0 0 1 8.5 3h7A1.5 1.5 0 0 1 17 4.5v15a1.5 1.5 0 0 1" +
      "-1.5 1.5h-7A1.5 1.5 0 0 1 7 19.5zM12 11a3 3 0 1 0 0 6 3 3 0 0 0 0-6M12 6.5v.5",
  },
  console: {
    label: "Game console",
    path: "M8 7h8a5 5 0 0 1 5 5c0 3-.6 5-2.3 5-1.6 0-2.2-2-3.7-2H9c-1.5 0-2.1 2-3.7 2" +
      "C3.6 17 3 15 3 12a5 5 0 0 1 5-5M8 9.5v4M6 11.5h4M15.5 11.5h2",
  },
  thing: {
    label: "Thing",
    path: "M12 14.5a3 3 0 1 0 .01 0M9.5 12.9V5.5a2.5 2.5 0 0 1 5 0v7.4a5 5 0 1 1-5 0" +
      "M12 8.5v6",
  },
  board: {
    label: "Small computer",
    path: "M7 7h10v10H7zM10 10h4v4h-4zM9.5 7V4M14.5 7V4M9.5 20v-3M14.5 20v-3" +
      "M7 9.5H4M7 14.5H4M20 9.5h-3M20 14.5h-3",
  },
  unknown: {
    label: "Device",
    path: "M4.5 5h15v10h-15zM4.5 19h15M7.5 12h.01M10.5 12h.01",
  },
};

/** The first that fits. @type {[RegExp, string][]} */
const BY_NAME = [
  [/thermo|sensor|plug|bulb|lamp|light|vacuum|washer|fridge|heat|meter|esp[-_\d]|shelly|tasmota/,
    "thing"],
  [/printer|laserjet|officejet|epson|brother|\bbrw?[\da-f]{6}/, "printer"],
  [/cam(era)?\b|doorbell|ipc-/, "camera"],
  [/echo|sonos|homepod|speaker|nest-(mini|audio|hub)/, "speaker"],
  [/playstation|\bps[345]\b|xbox|nintendo|switch$|steamdeck/, "console"],
  [/\btv\b|-tv|tv-|roku|chromecast|bravia|firetv|appletv|webos|shield/, "tv"],
  [/ipad|tablet|galaxy-tab/, "tablet"],
  [/phone|pixel|galaxy|oneplus|redmi|xiaomi|android/, "phone"],
  [/laptop|book|thinkpad|desktop|\bpc\b|-pc|pc-|imac|\bmac|win-|workstation/, "laptop"],
  [/raspberry|\brpi|\bpi\b|server|\bnas\b/, "board"],
];

/** @type {[RegExp, string][]} */
const BY_MAKER = [
  [/espressif|tuya|shelly|allterco|nest labs|signify|philips lighting|ecobee|tado/, "thing"],
  [/raspberry|synology|qnap/, "board"],
  [/roku|vizio|tcl|hisense|lg electronics|sony visual/, "tv"],
  [/sonos|amazon/, "speaker"],
  [/nintendo|sony interactive/, "console"],
  [/hikvision|dahua|axis comm|reolink|wyze/, "camera"],
  [/brother|seiko epson|canon|lexmark|kyocera/, "printer"],
  [/oneplus|xiaomi|oppo|vivo|huawei device|motorola mob|fairphone/, "phone"],
  [/intel|dell|lenovo|hewlett|\bhp\b|asus|micro-star|giga-byte|framework|wistron|compal|quanta/,
    "laptop"],
];

/** Made up by the device, so that networks cannot recognise it. @param {string} mac */
export const isRandomised = (mac) => (parseInt(mac.slice(0, 2), 16) & 2) !== 0;

/** @param {Client} c a key of KINDS */
export function guessKind(c) {
  const name = `${c.name ?? ""} ${c.hostname ?? ""}`.toLowerCase();
  const maker = (c.vendor ?? "").toLowerCase();
  const found = BY_NAME.find(([pattern]) => pattern.test(name)) ??
    BY_MAKER.find(([pattern]) => pattern.test(maker));
  // Few but phones and tablets make up their address.
  return found?.[1] ?? (isRandomised(c.mac) ? "phone" : "unknown");
}
