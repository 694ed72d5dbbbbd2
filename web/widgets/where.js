// @ts-check
// where.js - the country of a remote, when the gateway knows it.
import { ask } from "../core/api.js";
import { countryOf } from "../core/country.js";
import { make, setText } from "../core/dom.js";

const KEPT = 200;
/** @type {Map<string, Promise<string>>} what was asked for already */
const known = new Map();

/** @param {string} remote */
const asked = (remote) => ask(`country?${new URLSearchParams({ remote })}`)
  .then(({ country }) => countryOf(country)).catch(() => "");

/** Filled by and by. @param {string} remote an address; a name has none */
export function makeWhere(remote) {
  const element = make("span", { class: "muted" });
  if (!/^[\da-f.:]+$/i.test(remote))
    return element;
  if (known.size > KEPT)
    known.clear();
  if (!known.has(remote))
    known.set(remote, asked(remote));
  known.get(remote)?.then((country) => setText(element, country));
  return element;
}
