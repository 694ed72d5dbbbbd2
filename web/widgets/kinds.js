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
  sensor: {
    label: "Sensor or control",
    path: "M12 14.5a3 3 0 1 0 .01 0M9.5 12.9V5.5a2.5 2.5 0 0 1 5 0v7.4a5 5 0 1 1-5 0" +
      "M12 8.5v6",
  },
  server: {
    label: "Small computer, server",
    path: "M7 7h10v10H7zM10 10h4v4h-4zM9.5 7V4M14.5 7V4M9.5 20v-3M14.5 20v-3" +
      "M7 9.5H4M7 14.5H4M20 9.5h-3M20 14.5h-3",
  },
  computer: {
    label: "Desk computer",
    path: "M3 5.5A1.5 1.5 0 0 1 4.5 4h15A1.5 1.5 0 0 1 21 5.5v9a1.5 1.5 0 0 1-1.5 1.5h-15" +
      "A1.5 1.5 0 0 1 3 14.5zM12 16v4M8 20h8",
  },
  watch: {
    label: "Watch",
    path: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10M9 7.5 9.7 3h4.6l.7 4.5M9 16.5 9.7 21h4.6" +
      "l.7-4.5M12 9.5V12l1.5 1",
  },
  light: {
    label: "Light",
    path: "M9 16c0-2-3-3-3-6.5a6 6 0 0 1 12 0C18 13 15 14 15 16zM9.5 18.5h5M10.5 21h3",
  },
  plug: {
    label: "Plug",
    path: "M8 3v5M16 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
  },
  car: {
    label: "Car",
    path: "M4 16v-3.5l1.8-5A1.5 1.5 0 0 1 7.2 6.5h9.6a1.5 1.5 0 0 1 1.4 1l1.8 5V16zM4 12.5h16" +
      "M5.5 16v2M18.5 16v2M7 14.3h.01M17 14.3h.01",
  },
  router: {
    label: "Router, access point",
    path: "M3.5 14h17v5h-17zM7 16.5h.01M10 16.5h.01M17 14V9M14 6a4.5 4.5 0 0 1 6 0" +
      "M12.2 3.7a7.5 7.5 0 0 1 9.6 0",
  },
  storage: {
    label: "Storage",
    path: "M5 4h14v7H5zM5 11h14v9H5zM8 7.5h5M8 15.5h5M16 7.5h.01M16 15.5h.01",
  },
  other: {
    label: "Device",
    path: "M4.5 5h15v10h-15zM4.5 19h15M7.5 12h.01M10.5 12h.01",
  },
};

/** The first that fits. @type {[RegExp, string][]} */
const BY_NAME = [
  [/thermo|sensor|plug|bulb|lamp|light|vacuum|washer|fridge|heat|meter|esp[-_\d]|shelly|tasmota/,
    "sensor"],
  [/printer|laserjet|officejet|epson|brother|\bbrw?[\da-f]{6}/, "printer"],
  [/cam(era)?\b|doorbell|ipc-/, "camera"],
  [/echo|sonos|homepod|speaker|nest-(mini|audio|hub)/, "speaker"],
  [/playstation|\bps[345]\b|xbox|nintendo|switch$|steamdeck/, "console"],
  [/\btv\b|-tv|tv-|roku|chromecast|bravia|firetv|appletv|webos|shield/, "tv"],
  [/ipad|tablet|galaxy-tab/, "tablet"],
  [/phone|pixel|galaxy|oneplus|redmi|xiaomi|android/, "phone"],
  [/laptop|book|thinkpad|desktop|\bpc\b|-pc|pc-|imac|\bmac|win-|workstation/, "laptop"],
  [/raspberry|\brpi|\bpi\b|server|\bnas\b/, "server"],
];

/** @type {[RegExp, string][]} */
const BY_MAKER = [
  [/espressif|tuya|shelly|allterco|nest labs|signify|philips lighting|ecobee|tado/, "sensor"],
  [/raspberry|synology|qnap/, "server"],
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

/** What the owner says it is, else what it seems. @param {Client} c a key of KINDS */
export function kindOf(c) {
  if (c.icon && Object.hasOwn(KINDS, c.icon))
    return c.icon;
  const name = `${c.name ?? ""} ${c.hostname ?? ""}`.toLowerCase();
  const maker = (c.vendor ?? "").toLowerCase();
  const found = BY_NAME.find(([pattern]) => pattern.test(name)) ??
    BY_MAKER.find(([pattern]) => pattern.test(maker));
  // Few but phones and tablets make up their address.
  return found?.[1] ?? (isRandomised(c.mac) ? "phone" : "other");
}
