// @ts-check
// rail.js - the way from view to view: a rail at the left, a bar at the bottom
// of small screens.
import { drawing, make } from "../core/dom.js";

/** @typedef {{id: string, label: string, path: string}} Stop */

/** @type {Stop[]} */
export const STOPS = [
  { id: "overview", label: "Overview",
    path: "M4 20V11a8 8 0 0 1 16 0v9M2.5 20h4M17.5 20h4M9 20v-9M12 20v-9M15 20v-9M7 14h10" },
  { id: "traffic", label: "Traffic",
    path: "M3 20h18M4 15l4-6 3.5 4L16 5l4 8" },
  { id: "nat", label: "NAT",
    path: "M3 8h14M13.5 4.5 17 8l-3.5 3.5M21 16H7M10.5 12.5 7 16l3.5 3.5" },
  { id: "names", label: "DNS and DHCP",
    path: "M3.5 5.5h8l9 9-6.5 6.5-10.5-10.5zM8 9.5h.01" },
  { id: "events", label: "Events",
    path: "M12 3v2M5.5 17a6.5 6.5 0 0 1 1-3.5V11a5.5 5.5 0 0 1 11 0v2.5a6.5 6.5 0 0 1 1 3.5z" +
      "M10 20h4" },
  { id: "settings", label: "Settings",
    path: "M4 7h9M17 7h3M4 12h3M11 12h9M4 17h11M19 17h1M15 5v4M9 10v4M17 15v4" },
];

/** On a small screen the first word has to do. @param {string} label */
function makeLabel(label) {
  const [first, ...rest] = label.split(" ");
  return make("span", {}, first, ...(rest.length ?
    [make("span", { class: "rest" }, ` ${rest.join(" ")}`)] : []));
}

export function makeRail() {
  const links = STOPS.map(({ id, label, path }) => make("a", { href: `#/${id}` },
    drawing(path), makeLabel(label)));
  const badge = make("span", { class: "badge", hidden: "" });
  links[STOPS.findIndex(({ id }) => id === "events")].append(badge);
  const element = make("nav", { class: "rail", "aria-label": "Views" }, ...links);
  return {
    element,
    /** @param {string} view */
    update(view) {
      links.forEach((link, i) => {
        if (STOPS[i].id === view)
          link.setAttribute("aria-current", "page");
        else
          link.removeAttribute("aria-current");
      });
    },
    /** @param {number} unseen events */
    tell(unseen) {
      badge.hidden = !unseen;
      badge.replaceChildren(unseen > 99 ? "99+" : String(unseen),
        make("span", { class: "unseen" }, " new"));
    },
  };
}
