// endurance.mjs - a page that stays open: what its browser uses, and whether it grows.
// usage: PAGE=URL node endurance.mjs MINUTES [VIEW]
// Started by scripts/endurance while the demo runs. Each line: minutes, megabytes of
// the page's heap after collection, elements, percent of a core that all processes of
// the browser have used. Exit 1: it grows, or takes more than 30 % of a core.
import { readFileSync, readdirSync } from "node:fs";
import { chromium } from "playwright-core";

const CORE_MAX = 0.3;
const GROWTH_MAX = 1.1;
const STEP_MS = 60_000;
const PASSWORD = "a made-up house";
const url = process.env.PAGE ?? "";
const [minutes = "30", view = ""] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const page = await browser.newPage();
const cdp = await page.context().newCDPSession(page);

/** Seconds of processor time of this process's descendants. */
function cpuSeconds() {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
      return [{ pid, parent: fields[1], ticks: Number(fields[11]) + Number(fields[12]) }];
    } catch {
      return []; // it has just ended
    }
  });
  const family = new Set([String(process.pid)]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    all.filter(({ parent }) => family.has(parent)).forEach(({ pid }) => family.add(pid));
  }
  return all.filter(({ pid }) => family.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) / 100;
}

await page.goto(url);
await page.waitForSelector(".gate input, .tiles");
for (const field of await page.$$(".gate input"))
  await field.fill(PASSWORD);
if (await page.$(".gate button"))
  await page.click(".gate button");
await page.waitForSelector(".gate", { state: "detached" });
await page.goto(url + view);
await page.waitForTimeout(70_000);

let first = null;
let isGood = true;
let used = cpuSeconds();
for (let n = 0; n <= Number(minutes); n++) {
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  const elements = await page.evaluate("document.querySelectorAll('*').length");
  const heap = usedSize / 1e6;
  first ??= heap;
  const now = cpuSeconds();
  const core = n ? (now - used) / (STEP_MS / 1000) : 0;
  used = now;
  isGood &&= core < CORE_MAX && heap < first * GROWTH_MAX + 1;
  console.log(`${n} min  ${heap.toFixed(2)} MB  ${elements} elements  ${(100 * core).toFixed(1)} %`);
  if (n < Number(minutes))
    await page.waitForTimeout(STEP_MS);
}
await browser.close();
process.exit(isGood ? 0 : 1);
