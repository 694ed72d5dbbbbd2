// run.mjs - what Lighthouse thinks of the page, three times for each of its views.
// usage: PAGE=URL node run.mjs VIEW…
// Started by scripts/lighthouse while the demo runs. Exit 1: something is below
// LEAST, or could not be measured.
import { createRequire } from "node:module";
import lighthouse from "lighthouse";

const { chromium } = createRequire(new URL("../package.json", import.meta.url))("playwright-core");

const LEAST = 95;
const TIMES = 3;
const PORT = 9333;
const CATEGORIES = ["performance", "accessibility", "best-practices"];
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const PASSWORD = "a made-up house";
const WARM_MS = 10_000;

const url = process.env.PAGE ?? "";
const views = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium",
  args: [...FLAGS, `--remote-debugging-port=${PORT}`] });
// In the browser's own context, which is the one that Lighthouse looks at.
const cdp = await browser.newBrowserCDPSession();

/** Logs in, by the cookie that the gateway gives; says it. */
async function logIn() {
  const { password_set } = await (await fetch(`${url}api/v1/session`)).json();
  const reply = await fetch(`${url}api/v1/${password_set ? "session" : "password"}`, {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ password: PASSWORD }) });
  const [, name, value] = /^([^=]+)=([^;]+)/.exec(reply.headers.get("set-cookie") ?? "") ?? [];
  if (!value)
    throw new Error(`cannot log in: ${reply.status}`);
  await cdp.send("Storage.setCookies", { cookies: [{ name, value, url, httpOnly: true,
    sameSite: "Strict" }] });
  return `${name}=${value}`;
}

const cookie = await logIn();
let isGood = true;
await new Promise((resolve) => setTimeout(resolve, WARM_MS));
/** The busiest device has no address that is known before. */
async function hashOf(view) {
  if (view !== "device")
    return view;
  const reply = await fetch(`${url}api/v1/clients`, { headers: { Cookie: cookie } });
  const [first] = (await reply.json()).sort((a, b) => b.rx_bytes - a.rx_bytes);
  return `#/device/${first.mac}`;
}

for (const view of views) {
  const hash = await hashOf(view);
  for (let n = 0; n < TIMES; n++) {
    const { lhr } = await lighthouse(url + hash, { port: PORT, onlyCategories: CATEGORIES,
      disableStorageReset: true, logLevel: "error", output: "json" });
    const scores = CATEGORIES.map((id) => Math.round(100 * (lhr.categories[id]?.score ?? 0)));
    const poor = Object.values(lhr.audits).filter(({ score, scoreDisplayMode }) =>
      score !== null && score < 0.9 && ["binary", "numeric", "metricSavings"].includes(scoreDisplayMode));
    isGood &&= scores.every((score) => score >= LEAST);
    console.log(`${view || "overview"}: ${CATEGORIES.map((id, i) => `${id} ${scores[i]}`).join(", ")}` +
      (poor.length ? `  (${poor.map(({ id }) => id).join(" ")})` : ""));
  }
}
await browser.close();
process.exit(isGood ? 0 : 1);
