// browser.mjs - a browser that is told what to do, for tests in another language.
// Started by tests/netns/browser.py in the network of a LAN host. Each line of
// stdin is {"code": "…", "args": {…}}: the body of an async function that sees
// page, context, browser and args. Each line of stdout is {"value": …} or
// {"error": "…"}. Ends with its stdin.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
  "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync"];
const AsyncFunction = (async () => {}).constructor;
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
const context = await browser.newContext();
const page = await context.newPage();
/** What the page complained about, and what it should never have opened. */
const complaints = [];
page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("dialog", (dialog) => {
  complaints.push(`dialog: ${dialog.message()}`);
  dialog.dismiss();
});

console.log(JSON.stringify({ value: browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { code, args } = JSON.parse(line);
    const todo = new AsyncFunction("page", "context", "browser", "args", "complaints", "axe",
      code);
    answer = { value: await todo(page, context, browser, args, complaints, axe) ?? null };
  } catch (error) {
    answer = { error: String(error.stack ?? error) };
  }
  console.log(JSON.stringify(answer));
}
await browser.close();
