// @ts-check
// api.js - what is asked of the gateway, and asked again while somebody looks.

/** @typedef {{password_set: boolean, logged_in: boolean}} Session */

const PATIENCE_MS = 15_000;

/** The gateway said no, with a sentence for people. */
export class Refused extends Error {
  /** @param {string} sentence @param {number} status @param {number} againMs when to ask
   *   again; 0: that was not said */
  constructor(sentence, status, againMs) {
    super(sentence);
    this.status = status;
    this.againMs = againMs;
  }
}

/**
 * @param {string} path below /api/v1/
 * @param {"GET" | "POST" | "PATCH" | "DELETE"} [method]
 * @param {unknown} [body]
 */
export async function ask(path, method = "GET", body) {
  const reply = await fetch(`/api/v1/${path}`, {
    method, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
    ...(body !== undefined && {
      headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    }),
  });
  const said = await reply.json().catch(() => ({}));
  if (!reply.ok)
    throw new Refused(String(said.error ?? "The gateway refuses."), reply.status,
      Number(reply.headers.get("Retry-After")) * 1000);
  return said;
}

/**
 * Changes one list of the settings: 'change' gets what is there now.
 * @param {string} group @param {string} key
 * @param {(list: any[]) => any[]} change
 */
export async function changeList(group, key, change) {
  const settings = await ask("settings");
  await ask("settings", "PATCH",
    { [`${group}.${key}`]: change(settings[group]?.[key] ?? []) });
}

/**
 * Asks every so often while the page is looked at, and when a refusal says so.
 * @param {string | (() => string)} path
 * @param {number} everyMs
 * @param {(said: any, path: string) => void} onAnswer
 * @param {(refused: Refused) => void} [onRefused]
 * @returns {{now: () => void, stop: () => void}} 'now' does not wait
 */
export function watch(path, everyMs, onAnswer, onRefused = () => {}) {
  let timer = 0;
  let isAsking = false;
  let isDue = false;
  let isOver = false;

  async function once() {
    const asked = typeof path === "string" ? path : path();
    try {
      const said = await ask(asked);
      return { tell: () => onAnswer(said, asked), againMs: everyMs };
    } catch (error) {
      // The live connection says it when the gateway is gone.
      return error instanceof Refused ?
        { tell: () => onRefused(error), againMs: error.againMs || everyMs } :
        { tell() {}, againMs: everyMs };
    }
  }

  async function now() {
    clearTimeout(timer);
    isDue = isAsking;
    if (isAsking || isOver || document.hidden)
      return;
    isAsking = true;
    const { tell, againMs } = await once();
    isAsking = false;
    if (isOver)
      return;
    timer = setTimeout(now, isDue ? 0 : againMs);
    tell();
  }

  function stop() {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", now);
  }

  document.addEventListener("visibilitychange", now);
  now();
  return { now, stop };
}
