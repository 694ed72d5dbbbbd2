// @ts-check
// settings.js - which settings the page offers as fields, in words; what has a place
// of its own elsewhere (names, forwards, lists) is not among them.

/** @typedef {[key: string, words: string, hint: string]} Setting */

/** @type {{head: string, settings: Setting[]}[]} */
export const SETTINGS = [
  { head: "From outside", settings: [
    ["wan.open", "Ports of the gateway itself that are open to the internet", "tcp:22, udp:51820"],
  ] },
  { head: "Names", settings: [
    ["dns.upstream", "Resolvers that are asked; none: those of the machine",
      "9.9.9.9, tls://9.9.9.9#dns.quad9.net"],
    ["dns.domain", "Domain of the home: devices are called NAME.lan", "lan"],
    ["dns.rebind_allow", "Names that may point into the home", "nas.example.net"],
    ["dns.client_rate", "Questions a second that one device may send on", "200"],
  ] },
  { head: "Addresses", settings: [
    ["dhcp.lease_s", "Seconds for which an address is given", "86400"],
    ["dhcp.ntp", "Time servers", "10.77.0.5"],
    ["dhcp.route", "Other networks, and who leads there", "192.168.9.0/24=10.77.0.7"],
    ["dhcp.dnr", "An encrypted resolver of yours (RFC 9463)", "dns.example.net=10.77.0.5"],
    ["dhcp.option", "More options, by number", "150=ip:10.77.0.5"],
    ["dhcp.boot.file", "File that devices boot from", "ipxe.efi"],
    ["dhcp.boot.server", "Server that has it; none: the gateway", "10.77.0.5"],
    ["dhcp.captive_portal", "Portal that is told of (RFC 8910)", ""],
    ["dhcp.v6only_s", "Seconds without IPv4 for devices that need none (RFC 8925); 0: never", "0"],
  ] },
  { head: "What is kept of the past", settings: [
    ["history.budget_mib", "Memory for the traffic of the last day, in MiB", "64"],
    ["history.save_minutes", "Minutes until it is written to disk again", "5"],
    ["capture.max_mib", "Memory for the packets of all devices, in MiB; 0: none are kept", "256"],
  ] },
  { head: "Speed", settings: [
    ["express.mode", "Express lane: auto, xdp, tc or off", "auto"],
    ["express.after_packets", "Packets a second that put a flow there", "32"],
    ["xdp.at", "XDP sits at the port, or behind tc at a pair of devices: port or pair", "port"],
  ] },
  { head: "Patience of the NAT, in seconds", settings: [
    ["nat.timers.udp_s", "UDP", "300"], ["nat.timers.icmp_s", "ICMP", "60"],
    ["nat.timers.tcp_established_s", "TCP, open", "7440"],
    ["nat.timers.tcp_transitory_s", "TCP, opening or closing", "240"],
    ["nat.timers.tcp_time_wait_s", "TCP, closed", "240"],
    ["nat.timers.tcp_rst_s", "TCP, reset", "240"],
    ["nat.timers.other_s", "Other protocols", "300"],
    ["nat.timers.syn_hold_s", "Unasked TCP is held for", "6"],
    ["nat.timers.hold_down_s", "A port rests for", "120"],
  ] },
  { head: "Limits of the NAT", settings: [
    ["nat.limits.sessions", "Connections", "262144"],
    ["nat.limits.mappings", "Outside ports of a protocol", "65536"],
    ["nat.limits.host_sessions", "Connections of one device", "16384"],
  ] },
];

/** @param {any} settings nested, as the API has them @param {string} key */
export const valueOf = (settings, key) =>
  key.split(".").reduce((at, part) => at?.[part], settings);

/** A value as it is typed. @param {unknown} value */
export const asText = (value) => Array.isArray(value) ? value.join(", ") : String(value ?? "");

/**
 * What was typed, as the kind that was there. Nothing: as it was made.
 * @param {string} text @param {unknown} before
 */
export function asValue(text, before) {
  const typed = text.trim();
  if (!typed)
    return null;
  if (Array.isArray(before))
    return typed.split(",").map((item) => item.trim()).filter(Boolean);
  // What is no number is the gateway's to refuse, with its own sentence.
  return typeof before === "number" && /^\d+$/.test(typed) ? Number(typed) : typed;
}
