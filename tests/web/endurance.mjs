// endurance.mjs - a page that stays open: what its browser uses, and whether it grows.
// usage: PAGE=URL node endurance.mjs MINUTES [VIEW]
//   VIEW: "", "device" (the busiest one), "#/traffic", …
//   SPOIL=grow or SPOIL=busy makes a page that does what none should, to see it found
// Started by scripts/endurance while the demo runs. Each line: minutes, megabytes of
// the page's heap after collection, of all memory that the browser's processes have for
// themselves, elements, percent of a core that all processes of the browser have used,
// live messages a second and the longest silence between two in that minute. Exit 1:
// it grows, takes more than 30 % of a core, or is told less or more often than it
// should be.
import { readFileSync, readdirSync } from "node:fs";
import { openBare } from "./bare.mjs";

const CORE_MAX = 0.3;
const GROWTH_MAX = 1.1;
/** Of four ticks a second, and of twenty that one may be told at most; silence is up to
 * the machine, and only shown. */
const MESSAGES_MIN = 3.8;
const MESSAGES_MAX = 20.2;
/** Rows come and go with the traffic. */
const ELEMENTS_MAX = 1.5;
const STEP_MS = Number(process.env.STEP_MS ?? 60_000);
const WARM_MS = Number(process.env.WARM_MS ?? 70_000);
const PASSWORD = "a made-up house";
const url = process.env.PAGE ?? "";
const [minutes = "30", view = ""] = process.argv.slice(2);
const browser = await openBare();

/** What came over the page's WebSocket since it was asked last; counted there, as it
 * would cost the browser to pass it on. */
const COUNTING = `
  const live = { messages: 0, lastAt: 0, silenceMs: 0 };
  window.WebSocket = class extends WebSocket {
    constructor(...which) {
      super(...which);
      this.addEventListener("message", ({ timeStamp }) => {
        live.messages++;
        live.silenceMs = Math.max(live.silenceMs, timeStamp - (live.lastAt || timeStamp));
        live.lastAt = timeStamp;
      });
    }
  };
  window.heard = () => {
    const { messages, silenceMs } = live;
    Object.assign(live, { messages: 0, silenceMs: 0 });
    return { messages, silenceMs };
  };`;

/** This process's descendants: their pids, and seconds of processor time. */
function family() {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
      return [{ pid, parent: fields[1], ticks: Number(fields[11]) + Number(fields[12]) }];
    } catch {
      return []; // it has just ended
    }
  });
  const pids = new Set([String(process.pid)]);
  for (let size = 0; size !== pids.size;) {
    size = pids.size;
    all.filter(({ parent }) => pids.has(parent)).forEach(({ pid }) => pids.add(pid));
  }
  pids.delete(String(process.pid));
  return { pids, seconds: all.filter(({ pid }) => pids.has(pid))
    .reduce((sum, { ticks }) => sum + ticks, 0) / 100 };
}

/** Megabytes that all of them hold, files apart. @param {Set<string>} pids */
function memory(pids) {
  return [...pids].reduce((sum, pid) => {
    try {
      const [, kb] = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").match(/^Pss_Anon: +(\d+)/m) ?? [];
      return sum + Number(kb ?? 0) / 1e3;
    } catch {
      return sum;
    }
  }, 0);
}

/** Logged in; the password is set where there is none. */
const LOGIN = `(async () => {
  const tell = (path) => fetch(path, { method: "POST", headers: { "Content-Type":
    "application/json" }, body: JSON.stringify({ password: ${JSON.stringify(PASSWORD)} }) });
  await tell("/api/v1/password");
  await tell("/api/v1/session");
})()`;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

await browser.send("Page.enable");
await browser.send("Page.addScriptToEvaluateOnNewDocument", { source: COUNTING });
await browser.send("Page.navigate", { url });
await browser.until("!!document.querySelector('.gate input, .tiles')");
await browser.look(LOGIN);
await browser.send("Page.reload");
await browser.until("!document.querySelector('.gate') && !!document.querySelector('.devices tbody a')");
const place = view === "device" ?
  await browser.look("document.querySelector('.devices tbody a').getAttribute('href')") : view;
await browser.look(`location.hash = ${JSON.stringify(place)}`);
await pause(WARM_MS);
if (process.env.SPOIL === "grow")
  await browser.look(`setInterval(() => {
    window.hoard = [...window.hoard ?? [], new Array(50_000).fill(performance.now())];
  }, 200)`);
if (process.env.SPOIL === "busy")
  await browser.look(`setInterval(() => {
    for (const end = performance.now() + 60; performance.now() < end;);
  }, 100)`);

let first = null;
let firstOwn = 0;
let firstElements = 0;
let isGood = true;
let used = family().seconds;
for (let n = 0; n <= Number(minutes); n++) {
  const heard = await browser.look("heard()");
  const messages = heard.messages / (STEP_MS / 1000);
  await browser.send("HeapProfiler.collectGarbage");
  const { usedSize } = await browser.send("Runtime.getHeapUsage");
  const elements = await browser.look("document.querySelectorAll('*').length");
  const heap = usedSize / 1e6;
  first ??= heap;
  firstElements ||= elements;
  const { pids, seconds } = family();
  const own = memory(pids);
  firstOwn ||= own;
  const core = n ? (seconds - used) / (STEP_MS / 1000) : 0;
  used = seconds;
  isGood &&= core < CORE_MAX && heap < first * GROWTH_MAX + 1 &&
    own < firstOwn * GROWTH_MAX && elements < firstElements * ELEMENTS_MAX + 200 &&
    (!n || (messages > MESSAGES_MIN && messages < MESSAGES_MAX));
  console.log(`${n} min  ${heap.toFixed(2)} MB  ${own.toFixed(0)} MB in all  ` +
    `${elements} elements  ${(100 * core).toFixed(1)} %  ` +
    (n ? `${messages.toFixed(1)} messages/s  ${heard.silenceMs.toFixed(0)} ms` : ""));
  if (n < Number(minutes))
    await pause(STEP_MS);
}
await browser.close();
process.exit(isGood ? 0 : 1);
