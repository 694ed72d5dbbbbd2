// @ts-check
// socket.js - the live connection to the gateway: opened again, ever more
// patiently, whenever it ends, falls silent or says what cannot be read.
import { decode } from "./msgpack.js";

/**
 * @typedef {Record<string, unknown> & {type: string}} Message
 * @typedef {{
 *   onMessage: (message: Message) => void,
 *   onState: (isOpen: boolean, retryAt: number) => void,
 * }} Listener  'retryAt' is a performance.now()
 */

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 8000;
const SILENCE_MS = 8000;
const MESSAGE_MAX = 4 << 20;

/** What is told at a time comes as one. @param {unknown} data @returns {Message[]} */
function read(data) {
  if (!(data instanceof ArrayBuffer) || data.byteLength > MESSAGE_MAX)
    throw new RangeError("socket: not a message");
  const list = /** @type {Message[] | null} */ (decode(new Uint8Array(data)));
  if (!Array.isArray(list) || list.some((message) => typeof message?.type !== "string"))
    throw new RangeError("socket: not a list of messages with a type");
  return list;
}

/**
 * @param {string} path
 * @param {Listener} listener
 * @returns {{retry: () => void, turn: (to: string) => void, close: () => void}} 'retry'
 *   does not wait for the pause to end; 'turn' listens to another path from now on
 */
export function openSocket(path, { onMessage, onState }) {
  /** @type {WebSocket | null} */
  let socket = null;
  let failures = 0;
  let timer = 0;
  let isOver = false;

  function waitForWord() {
    clearTimeout(timer);
    timer = setTimeout(lose, SILENCE_MS);
  }

  function drop() {
    if (socket)
      socket.onopen = socket.onmessage = socket.onclose = null;
    socket?.close();
    socket = null;
  }

  function lose() {
    drop();
    // A little chance keeps many pages from coming back all at once.
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++) *
      (0.8 + 0.4 * Math.random());
    clearTimeout(timer);
    timer = setTimeout(connect, pause);
    onState(false, performance.now() + pause);
  }

  /** @param {MessageEvent} event */
  function hear({ data }) {
    try {
      read(data).forEach(onMessage);
      failures = 0;
      waitForWord();
    } catch (error) {
      console.error(error);
      lose();
    }
  }

  function connect() {
    const asked = path;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    drop();
    socket = new WebSocket(`${scheme}//${location.host}${path}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => asked === path ? onState(true, 0) : connect();
    socket.onmessage = hear;
    socket.onclose = lose;
    waitForWord();
  }

  function close() {
    isOver = true;
    clearTimeout(timer);
    removeEventListener("online", retry);
    document.removeEventListener("visibilitychange", onSight);
    drop();
  }

  /** @param {string} to */
  function turn(to) {
    if (to === path)
      return;
    path = to;
    if (socket?.readyState === WebSocket.OPEN)
      connect();
  }

  function retry() {
    if (socket || isOver)
      return;
    clearTimeout(timer);
    failures = 0;
    connect();
  }

  const onSight = () => document.hidden || retry();
  addEventListener("online", retry);
  document.addEventListener("visibilitychange", onSight);
  connect();
  return { retry, turn, close };
}
