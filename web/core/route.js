// @ts-check
// route.js - where in the page one is: "#/VIEW/OF?STATE". The address carries all
// that a view shows, so that it can be kept, sent and gone back to.

/** @typedef {{view: string, of: string, state: URLSearchParams}} Route */

/** @param {string} hash @returns {Route} */
export function readRoute(hash) {
  const [path, state = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view, ...rest] = path.split("/");
  let of = rest.join("/");
  try {
    of = decodeURIComponent(of);
  } catch {
    // Nobody has such a name; it is shown as it came.
  }
  return { view, of, state: new URLSearchParams(state) };
}

/**
 * @param {string} view @param {string} [of]
 * @param {Record<string, string | number | null | undefined>} [state] what is empty
 *   is left out
 */
export function writeRoute(view, of = "", state = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(state))
    if (value !== null && value !== undefined && value !== "")
      query.set(key, String(value));
  const text = query.toString();
  // A MAC stays readable.
  return `#/${view}${of && `/${encodeURIComponent(of).replaceAll("%3A", ":")}`}` +
    (text && `?${text}`);
}

/** The address follows what is shown; one does not go back through it all.
 * @param {string} hash */
export function noteRoute(hash) {
  if (location.hash !== hash)
    history.replaceState(null, "", hash);
}
