// @ts-check
// msgpack.js - reads one msgpack value; the live socket's messages.
// Bounded: nothing is made that the bytes do not pay for, nesting is limited,
// and whatever is odd (extensions, other keys than text, bytes left over) throws.

const DEPTH_MAX = 8;
const utf8 = new TextDecoder();

/** @param {string} what @returns {never} */
function refuse(what) {
  throw new RangeError(`msgpack: ${what}`);
}

/**
 * @typedef {{bytes: Uint8Array, view: DataView, at: number}} Cursor
 */

/** Where 'n' bytes begin that are all there. @param {Cursor} c @param {number} n */
function take(c, n) {
  if (n > c.bytes.length - c.at)
    refuse("it ends too early");
  const from = c.at;
  c.at += n;
  return from;
}

/** @param {Cursor} c @param {1 | 2 | 4} width */
function readLength(c, width) {
  const from = take(c, width);
  return width === 1 ? c.bytes[from] : width === 2 ? c.view.getUint16(from) :
    c.view.getUint32(from);
}

/** @param {Cursor} c @param {number} n */
function readText(c, n) {
  const from = take(c, n);
  return utf8.decode(c.bytes.subarray(from, from + n));
}

/** @param {Cursor} c @param {number} n @param {number} depth */
function readList(c, n, depth) {
  if (n > c.bytes.length - c.at)
    refuse("a list longer than the message");
  const list = new Array(n);
  for (let i = 0; i < n; i++)
    list[i] = readValue(c, depth + 1);
  return list;
}

/** @param {Cursor} c @param {number} n @param {number} depth */
function readMap(c, n, depth) {
  if (2 * n > c.bytes.length - c.at)
    refuse("a map larger than the message");
  /** @type {Record<string, unknown>} without a prototype: any key is only a key */
  const map = Object.create(null);
  for (let i = 0; i < n; i++) {
    const key = readValue(c, depth + 1);
    if (typeof key !== "string")
      refuse("a key that is no text");
    map[/** @type {string} */ (key)] = readValue(c, depth + 1);
  }
  return map;
}

/** What the first byte says by itself. @type {Record<number, unknown>} */
const CONSTANTS = { 0xc0: null, 0xc2: false, 0xc3: true };

/** @type {Record<number, [number, (view: DataView, at: number) => number]>} */
const NUMBERS = {
  0xca: [4, (v, at) => v.getFloat32(at)],
  0xcb: [8, (v, at) => v.getFloat64(at)],
  0xcc: [1, (v, at) => v.getUint8(at)],
  0xcd: [2, (v, at) => v.getUint16(at)],
  0xce: [4, (v, at) => v.getUint32(at)],
  // Counters beyond 2^53 lose their last bits, which nobody would see.
  0xcf: [8, (v, at) => Number(v.getBigUint64(at))],
  0xd0: [1, (v, at) => v.getInt8(at)],
  0xd1: [2, (v, at) => v.getInt16(at)],
  0xd2: [4, (v, at) => v.getInt32(at)],
  0xd3: [8, (v, at) => Number(v.getBigInt64(at))],
};

/** @type {Record<number, [1 | 2 | 4, (c: Cursor, n: number, depth: number) => unknown]>} */
const SIZED = {
  0xd9: [1, readText], 0xda: [2, readText], 0xdb: [4, readText],
  0xdc: [2, readList], 0xdd: [4, readList],
  0xde: [2, readMap], 0xdf: [4, readMap],
};

/** @param {Cursor} c @param {number} depth @returns {unknown} */
function readValue(c, depth) {
  if (depth > DEPTH_MAX)
    refuse("nested too deeply");
  const tag = c.bytes[take(c, 1)];
  if (tag < 0x80)
    return tag;
  if (tag < 0x90)
    return readMap(c, tag & 0x0f, depth);
  if (tag < 0xa0)
    return readList(c, tag & 0x0f, depth);
  if (tag < 0xc0)
    return readText(c, tag & 0x1f);
  if (tag >= 0xe0)
    return tag - 0x100;
  if (tag in CONSTANTS)
    return CONSTANTS[tag];
  if (tag in NUMBERS)
    return NUMBERS[tag][1](c.view, take(c, NUMBERS[tag][0]));
  if (tag in SIZED)
    return SIZED[tag][1](c, readLength(c, SIZED[tag][0]), depth);
  return refuse(`no value begins with ${tag}`);
}

/**
 * The one value that 'bytes' hold. Throws RangeError.
 * @param {Uint8Array} bytes
 */
export function decode(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor = { bytes, view, at: 0 };
  const value = readValue(cursor, 0);
  if (cursor.at !== bytes.length)
    refuse("bytes are left over");
  return value;
}
