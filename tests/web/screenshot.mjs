// screenshot.mjs - a picture of the page for the README.
// usage: node screenshot.mjs URL FILE [SECONDS [light|dark [WIDTH [HEIGHT]]]]
// Started by scripts/screenshot while the demo runs.
import { chromium } from "playwright-core";

const [url, file, seconds = "30", colorScheme = "light", width = "1280", height = "860"] =
  process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const context = await browser.newContext({ colorScheme,
  viewport: { width: Number(width), height: Number(height) } });
const page = await context.newPage();
await page.goto(url);
// The first visit: a gateway that is looked at every day has an owner.
await page.waitForSelector(".gate input");
for (const field of await page.$$(".gate input"))
  await field.fill("a made-up house");
await page.click(".gate button");
await page.waitForSelector(".gate", { state: "detached" });
await page.waitForTimeout(Number(seconds) * 1000);
await page.screenshot({ path: file });
await browser.close();
