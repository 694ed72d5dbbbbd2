// screenshot.mjs - pictures of the page for the README.
// usage: PAGE=URL node screenshot.mjs FOLDER
// Started by scripts/screenshot while the demo runs.
import { chromium } from "playwright-core";

const PASSWORD = "a made-up house";
const DEVICE = ".devices tbody a[title=annas-phone]";
/** @type {[string, string, string, number][]} file, theme, where, seconds to wait there */
const PICTURES = [
  ["overview", "light", "", 20],
  ["device", "dark", "device", 12],
];

const url = process.env.PAGE ?? "";
const [folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 840 } });
await page.waitForTimeout(45_000);
await page.goto(url);
// The first visit: a gateway that is looked at every day has an owner.
await page.waitForSelector(".gate input");
for (const field of await page.$$(".gate input"))
  await field.fill(PASSWORD);
await page.click(".gate button");
await page.waitForSelector(".gate", { state: "detached" });
for (const [name, colorScheme, view, seconds] of PICTURES) {
  await page.emulateMedia({ colorScheme });
  if (view === "device")
    await page.click(DEVICE);
  else
    await page.goto(`${url}#/${view}`);
  await page.waitForTimeout(1000 * seconds);
  await page.screenshot({ path: `${folder}/${name}.png` });
  console.log(`${folder}/${name}.png`);
}
await browser.close();
