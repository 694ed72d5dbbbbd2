// @ts-check
// main.js - the page's composition root: what the gateway says goes to the store,
// what changed to the view, how old it is to the head. Who is not logged in is
// shown the gate.
import { ask, watch } from "./core/api.js";
import { make } from "./core/dom.js";
import { paintOnBeat } from "./core/frame.js";
import { readRoute } from "./core/route.js";
import { openSocket } from "./core/socket.js";
import { Store } from "./core/store.js";
import { FIRST, ROOMS } from "./views/rooms.js";
import { makeFreshness, retryWords } from "./widgets/freshness.js";
import { makeGate } from "./widgets/gate.js";
import { setMark } from "./widgets/mark.js";
import { makeNotice } from "./widgets/notice.js";
import { makeRail } from "./widgets/rail.js";
import { makeTheme } from "./widgets/theme.js";

/** @typedef {import("./core/api.js").Session} Session */
/** @typedef {import("./core/route.js").Route} Route */
/** @typedef {import("./views/rooms.js").View} View */

/** The first words take so long at most, or something is wrong. */
const WAIT_MS = 3000;
const DROPS_MS = 5000;
const EVENTS = 100;
const LIVE = "/api/v1/live";

const root = /** @type {HTMLElement} */ (document.getElementById("view"));
const head = /** @type {HTMLElement} */ (document.getElementById("head"));
const startedAt = performance.now();
const store = new Store(onChange);
const rail = makeRail();
const leave = make("button", { type: "button", class: "leave", hidden: "" }, "Log out");
const waiting = makeNotice("waiting", "The gate is being raised.",
  "The gateway is asked who is at home.");
const failed = makeNotice("failed", "The gateway does not answer.");
/** @type {Session | null} */
let session = null;
/** @type {ReturnType<typeof openSocket> | null} */
let socket = null;
/** @type {ReturnType<typeof watch> | null} */
let drops = null;
/** @type {View | null} */
let view = null;
/** What is shown, or being fetched: "VIEW/OF"; "": neither. */
let shown = "";
let isAtGate = false;
let wasStale = false;

/** What may be listened to is; it all begins anew when that changes. */
function listen() {
  socket?.close();
  drops?.stop();
  socket = openSocket(livePath(), { onMessage: hear, onState: onLink });
  drops = watch("drops", DROPS_MS, (said) => store.takeDrops(said));
}

/** The view says what it wants to hear beside what all do. */
const livePath = () => LIVE + (view?.wish ? `?${view.wish}` : "");

/** What happened while nobody listened is asked for whenever that begins. */
function catchUp() {
  if (session?.logged_in)
    ask(`events?limit=${EVENTS}`).then(({ events }) => store.takeEvents(events)).catch(() => {});
}

/** @param {import("./core/socket.js").Message} message */
function hear(message) {
  if (message.type === "hello")
    catchUp();
  if (message.type === "packets")
    view?.hear?.(message);
  else
    store.take(message);
}

/** @param {boolean} isOpen @param {number} retryAt */
function onLink(isOpen, retryAt) {
  store.connect(isOpen, retryAt);
  if (!isOpen)
    meet();
}

/** Asks who we are, and shows what is for us. */
async function meet() {
  const before = session;
  try {
    session = /** @type {Session} */ (await ask("session"));
  } catch {
    // Gone, or not there yet: the live connection says which, when it is tried.
    if (!socket)
      setTimeout(meet, 1000);
    return;
  }
  leave.hidden = !session.logged_in;
  if (session.password_set && !session.logged_in) {
    socket?.close();
    drops?.stop();
    socket = drops = null;
  } else if (!socket) {
    listen();
  }
  if (JSON.stringify(before) === JSON.stringify(session))
    return;
  leaveView();
  show();
}

/** After the password was given or set. */
function open() {
  socket?.close();
  drops?.stop();
  socket = drops = null;
  meet();
}

/** The gate: alone, or over the overview of a gateway without a password. */
function showGate() {
  const gate = makeGate(!session?.password_set, open);
  root.replaceChildren(gate.element);
  gate.focus();
  isAtGate = true;
}

function show() {
  const route = readRoute(location.hash);
  if (!(route.view in ROOMS))
    route.view = FIRST;
  rail.update(route.view);
  if (view && shown === `${route.view}/${route.of}`) {
    view.follow?.(route);
    return;
  }
  leaveView();
  isAtGate = false;
  rail.element.hidden = Boolean(session?.password_set && !session.logged_in);
  if (!session)
    return;
  if (!session.logged_in && (session.password_set || route.view !== FIRST))
    showGate();
  else if (store.status && store.heardAt)
    enter(route);
}

function leaveView() {
  view?.leave?.();
  view = null;
  shown = "";
}

/** @param {Route} route */
async function enter(route) {
  const name = `${route.view}/${route.of}`;
  shown = name;
  const found = ROOMS[route.view]();
  const room = found instanceof Promise ? await found.catch(() => null) : found;
  if (view && shown === name)
    return; // one left and came back, and it is there by now
  // Meanwhile one went elsewhere, or the gateway is gone: it is tried again when
  // there is news.
  if (shown !== name || !room) {
    shown = shown === name ? "" : shown;
    return;
  }
  document.title = `${room.title} \u00b7 Portcullis`;
  view = room.mount(root, store, route);
  socket?.turn(livePath());
  if (!session?.password_set)
    root.prepend(make("div", { class: "inner banner" }, makeGate(true, open).element));
}

/** @param {string} type */
function onChange(type) {
  if (!view && !shown && !isAtGate && session && store.status && store.heardAt)
    show();
  view?.update(type);
  if (type === "event")
    rail.tell(store.events.unseen);
  if (type !== "clients" && type !== "drops" && type !== "event")
    paintOnBeat(paintAge);
}

function paintAge() {
  freshness.update();
  freshness.element.hidden = !socket;
  if (!view) {
    const isLate = performance.now() - startedAt > WAIT_MS;
    const notice = isLate ? failed : waiting;
    failed.setNext("Is this device still in the gateway's network? " + retryWords(store));
    if (!isAtGate && !shown && root.firstElementChild !== notice.element)
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

const freshness = makeFreshness(store, () => socket?.retry());
leave.addEventListener("click", async () => {
  await ask("session", "DELETE").catch(() => {});
  open();
});
head.append(freshness.element, leave, makeTheme(() => view?.recolour()));
document.getElementById("page")?.prepend(rail.element);
rail.update(readRoute(location.hash).view);
// While it is asked who we are, what will be shown is fetched.
Promise.resolve(ROOMS[readRoute(location.hash).view]?.()).catch(() => {});
addEventListener("hashchange", show);
setInterval(() => paintOnBeat(paintAge), 1000);
meet();
paintAge();
