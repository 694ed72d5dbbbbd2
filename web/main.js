// @ts-check
// main.js - the page's composition root: what the gateway says goes to the store,
// what changed to the view, how old it is to the head.
import { watchDrops } from "./core/drops.js";
import { paintSoon } from "./core/frame.js";
import { openSocket } from "./core/socket.js";
import { Store } from "./core/store.js";
import * as overview from "./views/overview.js";
import { makeFreshness, retryWords } from "./widgets/freshness.js";
import { setMark } from "./widgets/mark.js";
import { makeNotice } from "./widgets/notice.js";
import { makeTheme } from "./widgets/theme.js";

/** The first words take so long at most, or something is wrong. */
const WAIT_MS = 3000;

const root = /** @type {HTMLElement} */ (document.getElementById("view"));
const head = /** @type {HTMLElement} */ (document.getElementById("head"));
const startedAt = performance.now();
const store = new Store(onChange);
const waiting = makeNotice("waiting", "The gate is being raised.",
  "The gateway is asked who is at home.");
const failed = makeNotice("failed", "The gateway does not answer.");
/** @type {ReturnType<typeof overview.mount> | null} */
let view = null;
let wasStale = false;

/** @param {string} type */
function onChange(type) {
  if (!view && store.status && store.heardAt) {
    view = overview.mount(root, store);
    document.title = `${overview.title} \u00b7 Portcullis`;
  }
  view?.update(type);
  if (type !== "clients" && type !== "drops")
    paintSoon(paintAge);
}

function paintAge() {
  freshness.update();
  if (!view) {
    const isLate = performance.now() - startedAt > WAIT_MS;
    const notice = isLate ? failed : waiting;
    failed.setNext("Is this device still in the gateway's network? " + retryWords(store));
    if (root.firstElementChild !== notice.element)
      root.replaceChildren(notice.element);
    return;
  }
  if (store.status)
    setMark(store.status, store.isStale);
  root.classList.toggle("stale", store.isStale);
  if (store.isStale !== wasStale)
    view.recolour();
  wasStale = store.isStale;
}

const socket = openSocket("/api/v1/live", {
  onMessage: (message) => store.take(message),
  onState: (isOpen, retryAt) => store.connect(isOpen, retryAt),
});
const freshness = makeFreshness(store, socket.retry);
head.append(freshness.element, makeTheme(() => view?.recolour()));
watchDrops((drops) => store.takeDrops(drops));
setInterval(() => paintSoon(paintAge), 1000);
paintAge();
