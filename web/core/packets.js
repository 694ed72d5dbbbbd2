// @ts-check
// packets.js - the latest packets that were told of: bounded, however many come.
import { listOf, number } from "./history.js";

/**
 * @typedef {{at: number, mac: string, proto: string, isDown: boolean, insidePort: number,
 *   address: string, port: number, bytes: number, flags: string, packets: number,
 *   name: string | null}} Packet
 */

const KEPT = 60;
/** @type {Record<number, string>} IANA's numbers */
const PROTOS = { 1: "icmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 58: "icmp6", 132: "sctp" };
/** RFC 9293, 3.1, from the lowest bit on. */
const FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

/** @param {number} bits */
export const flagWords = (bits) => FLAGS.filter((_, i) => bits & 1 << i).join(" ");

/** @param {unknown} row @param {number} now @returns {Packet | null} */
function readRow(row, now) {
  const [age, mac, proto, dir, insidePort, address, port, bytes, flags, packets, name] = listOf(row);
  if (typeof mac !== "string" || typeof address !== "string")
    return null;
  return {
    at: now - number(age), mac, proto: PROTOS[number(proto)] ?? String(number(proto)),
    isDown: dir === "rx", insidePort: number(insidePort), address, port: number(port),
    bytes: number(bytes), flags: number(proto) === 6 ? flagWords(number(flags)) : "",
    packets: number(packets) || 1, name: typeof name === "string" ? name : null,
  };
}

export class Packets {
  constructor() {
    /** @type {Packet[]} newest first */
    this.rows = [];
    this.leftOut = 0;
  }

  /** @param {Record<string, unknown>} message @param {string} mac whose only */
  take({ now_ms, left_out, rows }, mac) {
    const all = listOf(rows);
    const fresh = all.slice(-KEPT).map((row) => readRow(row, number(now_ms)))
      .filter((packet) => packet !== null && packet.mac === mac);
    this.leftOut += number(left_out);
    this.rows = [.../** @type {Packet[]} */ (fresh).reverse(), ...this.rows].slice(0, KEPT);
  }
}
