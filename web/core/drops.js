// @ts-check
// drops.js - asks every few seconds what was turned away, while somebody looks.

const EVERY_MS = 5000;
const PATIENCE_MS = 4000;

/** @param {(drops: unknown) => void} onDrops */
export function watchDrops(onDrops) {
  let timer = 0;
  let isAsking = false;

  async function ask() {
    clearTimeout(timer);
    if (isAsking || document.hidden)
      return;
    isAsking = true;
    try {
      const reply = await fetch("/api/v1/drops",
        { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      if (reply.ok)
        onDrops(await reply.json());
    } catch {
      // The live connection says it when the gateway is gone.
    }
    isAsking = false;
    timer = setTimeout(ask, EVERY_MS);
  }

  document.addEventListener("visibilitychange", ask);
  ask();
}
