// bare.mjs - a browser with one page and nothing that looks on. Playwright keeps all
// that a page was ever sent, so that its browser grows by itself; over the pipe of the
// DevTools protocol one is asked for what one wants to know, and no more.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--remote-debugging-pipe", "--window-size=1280,720", "about:blank"];

/**
 * @returns {Promise<{
 *   send: (method: string, params?: object) => Promise<any>,
 *   look: (expression: string) => Promise<any>,
 *   until: (expression: string) => Promise<void>,
 *   close: () => Promise<void>}>} 'send' speaks to the page, 'look' says what an
 *   expression is within it, 'until' waits for it to be true
 */
export async function openBare() {
  const profile = mkdtempSync(join(tmpdir(), "bare-"));
  const child = spawn("/usr/bin/chromium", [...FLAGS, `--user-data-dir=${profile}`],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const gone = new Promise((resolve) => child.on("exit", resolve));
  const waiting = new Map();
  let asked = 0;
  let heard = "";

  child.stdio[4].setEncoding("utf8").on("data", (some) => {
    const parts = (heard + some).split("\0");
    heard = parts.pop() ?? "";
    for (const { id, result, error } of parts.map((part) => JSON.parse(part))) {
      const { resolve, reject } = waiting.get(id) ?? {};
      waiting.delete(id);
      if (error)
        reject?.(new Error(error.message));
      else
        resolve?.(result);
    }
  });

  const say = (message) => new Promise((resolve, reject) => {
    waiting.set(++asked, { resolve, reject });
    child.stdio[3].write(`${JSON.stringify({ id: asked, ...message })}\0`);
  });
  const { targetInfos } = await say({ method: "Target.getTargets" });
  const { targetId } = targetInfos.find(({ type }) => type === "page");
  const { sessionId } = await say({ method: "Target.attachToTarget",
    params: { targetId, flatten: true } });
  const send = (method, params = {}) => say({ method, params, sessionId });

  async function look(expression) {
    const { result, exceptionDetails } = await send("Runtime.evaluate",
      { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async function until(expression) {
    for (const end = Date.now() + 30_000; !await look(expression).catch(() => false);) {
      if (Date.now() > end)
        throw new Error(`never true: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async function close() {
    await say({ method: "Browser.close" });
    await gone;
    rmSync(profile, { recursive: true, force: true });
  }
  return { send, look, until, close };
}
