// @ts-check
// events.js - what the gateway noticed, newest first and bounded; and what of it the
// owner has seen already, on this browser.
import { listOf } from "./history.js";

/**
 * @typedef {{id: number, at_ms: number, kind: string, device: string | null,
 *   name: string | null, text: string, link: string | null, last_ms?: number,
 *   times?: number, more?: number}} Event  'times' until 'last_ms'; 'more': like it, of others
 */

const KEPT = 200;
const SEEN = "events-seen";

/** @type {Record<string, string>} */
export const KINDS = {
  "new-device": "new device", "new-crowd": "new devices", "new-country": "new country", "new-hour": "unusual hour",
  "scan-lan": "scan at home", "scan-internet": "scan of the internet", upload: "upload",
  "dns-silent": "names not answered", "dns-own": "names not answered", "wan-loss": "loss", "wan-latency": "latency",
  "dhcp-rival": "other DHCP server", "address-conflict": "address conflict",
};

/** @param {unknown} said @returns {said is Event} */
const isEvent = (said) => {
  const e = /** @type {Partial<Event> | null} */ (said);
  return typeof e === "object" && Number.isFinite(e?.id) && typeof e?.text === "string";
};

/** How often, and of how many others. @param {Event} e */
export const oftenWords = ({ times = 1, more = 0 }) => [times > 1 ? `${times} times` : "",
  more ? `${more} like it` : ""].filter(Boolean).join(", ");

/** Only places of this page are led to. @param {Event} e */
export const linkOf = (e) => e.link && /^#\/[a-z]/.test(e.link) ? e.link : null;

export class Events {
  constructor() {
    /** @type {Event[]} newest first */
    this.list = [];
    this.isKnown = false;
    this.seen = 0;
    try {
      this.seen = Number(localStorage.getItem(SEEN)) || 0;
    } catch {
      // All are new to a browser that remembers nothing.
    }
  }

  /** @param {unknown} events all there are, or one more */
  take(events) {
    const fresh = listOf(events).filter(isEvent);
    const known = new Set(fresh.map(({ id }) => id));
    this.list = [...fresh, ...this.list.filter(({ id }) => !known.has(id))]
      .sort((a, b) => b.id - a.id).slice(0, KEPT);
    this.isKnown = true;
    // A gateway that begins to count anew is believed.
    if (this.list.length && this.seen > this.list[0].id)
      this.seen = 0;
  }

  get unseen() {
    return this.list.filter(({ id }) => id > this.seen).length;
  }

  /** The owner looks at them. */
  look() {
    const newest = this.list[0]?.id ?? 0;
    if (newest <= this.seen)
      return;
    this.seen = newest;
    try {
      localStorage.setItem(SEEN, String(newest));
    } catch {
      // It holds until the page is left.
    }
  }
}
