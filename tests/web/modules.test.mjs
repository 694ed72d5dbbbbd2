// modules.test.mjs - the modules that need no browser: numbers for people, the
// bounded history, and the reader of what comes over the wire.
// Run by tests/netns/test_page.py, or: node --test tests/web
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

/** web/ has no package.json that would call its files modules; what one imports is
 * loaded the same way. @type {Map<string, Promise<string>>} */
const urls = new Map();

async function makeUrl(path) {
  let text = await readFile(new URL(`../../web/${path}`, import.meta.url), "utf8");
  for (const [whole, from] of text.matchAll(/from "(\.[^"]+)"/g))
    text = text.replace(whole, `from "${await urlOf(new URL(from, `file:///${path}`).pathname.slice(1))}"`);
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

function urlOf(path) {
  if (!urls.has(path))
    urls.set(path, makeUrl(path));
  return urls.get(path);
}

const load = async (path) => import(await urlOf(path));

const { decode } = await load("core/msgpack.js");
const { Boundary, Beats, Minute } = await load("core/history.js");
const { ago, bytes, duration, percent, rate, tame } = await load("core/format.js");

const { answerWords, inBreaths, logPath, readLog, tookWords } = await load("core/queries.js");
const { staying } = await load("core/order.js");
const { readRoute, writeRoute } = await load("core/route.js");

const { Events, linkOf, oftenWords } = await load("core/events.js");
const { everyMinute, minutesOf, sumUp, within } = await load("core/line.js");
const { countryOf } = await load("core/country.js");
const { flagWords, Packets } = await load("core/packets.js");
const { rttVerdict, rttWords } = await load("core/rtt.js");
const { clampSpan, historyPath, readWish, Series, spanOf, spanWords, stepWords, writeWish } =
  await load("core/span.js");
const { reachWords } = await load("core/reach.js");
const { coneWords, isBehindAnother, typeWords } = await load("core/cone.js");
const { splitEndpoint, Talks } = await load("core/talks.js");
const { asText, asValue, SETTINGS, valueOf } = await load("core/settings.js");

const hex = (text) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const plain = (value) => JSON.parse(JSON.stringify(value));

test("every kind of value is read", () => {
  const values = [
    ["c0", null], ["c2", false], ["c3", true], ["00", 0], ["7f", 127], ["ff", -1],
    ["e0", -32], ["cc ff", 255], ["cd 0100", 256], ["ce ffffffff", 4294967295],
    ["cf 00000001 00000000", 4294967296], ["d0 80", -128], ["d1 8000", -32768],
    ["d2 80000000", -2147483648], ["d3 ffffffff ffffffff", -1],
    ["ca 3f800000", 1], ["cb 3ff80000 00000000", 1.5],
    ["a0", ""], ["a2 6869", "hi"], ["d9 02 6869", "hi"], ["da 0002 6869", "hi"],
    ["db 00000002 6869", "hi"], ["90", []], ["92 01 c0", [1, null]],
    ["dc 0001 05", [5]], ["dd 00000001 05", [5]], ["80", {}],
    ["81 a1 61 01", { a: 1 }], ["de 0001 a1 61 90", { a: [] }],
    ["df 00000001 a1 61 c2", { a: false }],
  ];
  for (const [text, value] of values)
    assert.deepEqual(plain(decode(hex(text))), value, text);
});

test("a part of a larger buffer is read alone", () => {
  assert.equal(decode(hex("ff 05 ff").subarray(1, 2)), 5);
});

test("a key is only a key", () => {
  const map = decode(hex("81 a9 5f5f70726f746f5f5f 81 a1 78 01"));
  assert.deepEqual(Object.keys(map), ["__proto__"]);
  assert.equal({}.x, undefined);
});

test("what is odd or too long is refused", () => {
  const bad = ["", "c1", "c4 01 00", "d4 00 00", "a2 68", "d9 ff", "dd ffffffff",
    "df ffffffff", "92 01", "81 01 02", "81 a1 61", "cf 00", "db ffffffff", "00 00",
    "91".repeat(20) + "00"];
  for (const text of bad)
    assert.throws(() => decode(hex(text)), RangeError, text);
});

test("no beginning of a message is taken for one, and noise does no harm", () => {
  const whole = hex("82 a4 74797065 a4 7469636b a2 7278 cf 0000000000000001");
  decode(whole);
  for (let n = 0; n < whole.length; n++)
    assert.throws(() => decode(whole.subarray(0, n)), RangeError);
  for (let i = 0; i < 20000; i++) {
    const noise = Uint8Array.from({ length: i % 40 }, (_, k) => (i * 2654435761 >>> k % 24) ^ k * i);
    try {
      decode(noise);
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
    }
  }
});

test("three significant digits", () => {
  const cases = [[0, "0 b/s"], [999, "999 b/s"], [999.6, "1.00 kb/s"], [1234, "1.23 kb/s"],
    [12345, "12.3 kb/s"], [99960, "100 kb/s"], [1e9, "1.00 Gb/s"]];
  for (const [n, text] of cases) {
    const { number, unit } = rate(n);
    assert.equal(`${number} ${unit}`, text);
  }
  assert.deepEqual(bytes(5e6), { number: "5.00", unit: "MB" });
});

test("durations have two units at most", () => {
  const cases = [[0, "0 s"], [59.9, "59 s"], [60, "1 min"], [3700, "1 h 1 min"],
    [90000, "1 d 1 h"], [86400, "1 d"]];
  for (const [s, text] of cases)
    assert.equal(duration(s).replaceAll("\u00a0", " "), text);
  assert.equal(ago(null, 5), "not yet");
  assert.equal(ago(0, 5000), "now");
});

test("a name cannot turn the text around it", () => {
  assert.equal(tame("a\u202eb\u0000c\nd\u2067"), "a\ufffdb\ufffdc\ufffdd\ufffd");
  assert.equal(tame("Küche 📻 ‍"), "Küche 📻 ‍");
});

test("a gap is a gap, and a day does not grow the minute", () => {
  const b = new Boundary();
  b.fill({ step_ms: 250, end_ms: 1000, rx_bps: [1, 2, 3], tx_bps: [4, 5, 6] });
  assert.deepEqual(b.at, [500, 750, 1000]);
  b.add(1250, 4, 7);
  assert.equal(b.rx.length, 4);
  b.add(3000, 5, 8);
  assert.deepEqual(b.rx, [1, 2, 3, 4, null, 5]);
  assert.equal(b.nearest(2000), -1);
  assert.equal(b.nearest(2950), 5);
  for (let at = 3250; at < 86_400_000 / 24; at += 250)
    b.add(at, 1, 1);
  assert.ok(b.at.length <= 320 && b.at.length === b.rx.length && b.rx.length === b.tx.length);
  b.add(5000, 9, 9); // the clock was set back
  assert.deepEqual(b.at, [5000]);
});

test("hostile lists are numbers or nothing", () => {
  const b = new Boundary();
  b.fill({ step_ms: "x", end_ms: NaN, rx_bps: ["a", null, {}], tx_bps: 7 });
  assert.deepEqual(b.rx, [0, null, 0]);
  assert.deepEqual(b.tx, [0, 0, 0]);
  assert.equal(b.stepMs, 250);
});

test("devices share their seconds", () => {
  const beats = new Beats();
  const minute = new Minute();
  for (let s = 0; s < 200; s++)
    minute.set(beats.next(1e12 + s * 1003), s, 2 * s);
  assert.deepEqual(minute.get(beats.count), [199, 398]);
  assert.deepEqual(minute.get(beats.count - 59), [140, 280]);
  assert.equal(minute.get(beats.count - 60), null);
  assert.equal(beats.find(beats.at - 2000), beats.count - 2);
  const before = beats.count;
  assert.equal(beats.next(beats.at + 10_000) - before, 10);
  assert.equal(minute.get(beats.count), null);
});

test("shares", () => {
  const cases = [[0, 0, "0 %"], [0, 5, "0 %"], [1, 1000, "0.1 %"], [1, 10000, "< 0.1 %"], [996, 10000, "10 %"],
    [97, 100, "97 %"], [5, 5, "100 %"]];
  for (const [part, of, text] of cases)
    assert.equal(percent(part, of).replaceAll("\u00a0", " "), text);
});

test("what was asked in one breath is one row", () => {
  const q = (at_ms, more) => ({ at_ms, device: "10.77.0.9", hostname: "tv", name: "a.example",
    type: "A", answer: "192.0.2.1", rcode: "NOERROR", why: "cache", list: null, took_us: 40, ...more });
  const asked = inBreaths([
    q(1000), q(1010, { type: "AAAA", answer: null }), q(1020, { name: "b.example", took_us: 9 }),
    q(1030, { device: "10.77.0.8" }), q(1040, { why: "upstream", answer: "192.0.2.2" }),
    q(2400, { answer: "192.0.2.3", took_us: 90 }), q(9000),
    q(9001, { name: "none.example", answer: null, rcode: "NXDOMAIN" }),
  ]);
  assert.deepEqual(asked.map(({ name, at_ms, times }) => [name, at_ms, times]), [
    ["none.example", 9001, 1], ["a.example", 9000, 1], ["a.example", 2400, 3],
    ["a.example", 1040, 1], ["a.example", 1030, 1], ["b.example", 1020, 1]]);
  assert.deepEqual(asked[2].types, ["A", "AAAA"]);
  assert.deepEqual(asked[2].answers, ["192.0.2.1", "192.0.2.3"]);
  assert.equal(asked[2].took_us, 90);
  assert.equal(answerWords(asked[0]), "no such name");
  assert.equal(answerWords({ answers: [], rcode: "NOERROR" }), "nothing of that kind");
  assert.equal(answerWords({ answers: ["1", "2", "3", "4"], rcode: "NOERROR" }), "1, 2, 2 more");
  assert.equal(tookWords(99), "<\u00a00.1\u00a0ms");
  assert.equal(tookWords(12_345), "12\u00a0ms");
  assert.equal(logPath({ name: "a&b", why: "", limit: 5 }), "dns/log?name=a%26b&limit=5");
});

test("the address of a view is read as it was written", () => {
  const hash = writeRoute("device", "02:00:00:00:00:01", { from: 5, to: null, device: "" });
  assert.equal(hash, "#/device/02:00:00:00:00:01?from=5");
  const { view, of, state } = readRoute(hash);
  assert.deepEqual([view, of, state.get("from"), state.get("to")],
    ["device", "02:00:00:00:00:01", "5", null]);
  assert.deepEqual(readRoute("").view, "");
  assert.deepEqual(readRoute("#/nat/%zz").of, "%zz");
  assert.deepEqual(readRoute(writeRoute("x", "a/b?c")).of, "a/b?c");
});

test("flows with one and the same are one row, with what they moved since", () => {
  const flow = (inside, remote, rx, more) => ({ proto: "tcp", inside, remote, state: "established",
    name: null, rx_bytes: rx, tx_bytes: 100, age_ms: 60_000, idle_ms: 10, carried_by: "engine", ...more });
  const talks = new Talks();
  const first = [flow("10.77.0.2:1", "192.0.2.1:443", 1000), flow("10.77.0.2:2", "192.0.2.1:443", 500),
    flow("10.77.0.2:3", "[2001:db8::1]:443", 9000, { name: "six.example" })];
  const [six, four] = talks.take(first, 1000);
  assert.deepEqual([six.who, six.address, four.who, four.flows, four.rx, four.rx_bps],
    ["six.example", "2001:db8::1", "192.0.2.1", 2, 1500, 0]);
  const [busy, idle] = talks.take([flow("10.77.0.2:1", "192.0.2.1:443", 3000),
    flow("10.77.0.2:4", "192.0.2.1:443", 250, { age_ms: 500, carried_by: "xdp" }), first[2]], 3000);
  // What was there grew by 2000; what is new since has moved 250; 350 bits of up.
  assert.deepEqual([busy.rx_bps, busy.tx_bps, busy.express], [9000, 400, true]);
  assert.deepEqual([idle.rx_bps, idle.flows], [0, 1]);
  assert.equal(talks.before.size, 3);
  // A flow that begins anew in the same place has moved less, not a negative much.
  assert.equal(talks.take([flow("10.77.0.2:1", "192.0.2.1:443", 10)], 4000)[0].rx_bps, 0);
  assert.deepEqual(splitEndpoint("[::1]:5"), { address: "::1", port: "5" });
  assert.deepEqual(splitEndpoint("192.0.2.1"), { address: "192.0.2.1", port: "" });
  assert.deepEqual(splitEndpoint("2001:db8::1"), { address: "2001:db8::1", port: "" });
});

test("a span that ends on another day than it began says so", () => {
  const at = (day, hour) => new Date(2026, 10, day, hour).getTime();
  const words = (from, to) => spanWords({ from, to }, 0, at(29, 15));
  assert.match(words(at(29, 13), at(29, 14)), /^13:00:00 to 14:00:00$/);
  assert.match(words(at(28, 13), at(29, 14)), /28.*, 13:00:00 to today, 14:00:00$/);
  assert.match(words(at(28, 13), at(28, 14)), /28.*, 13:00:00 to .*28.*, 14:00:00$/);
});

test("a span survives its address, whatever that says", () => {
  const wish = (text) => readWish(new URLSearchParams(text));
  for (const text of ["", "span=day", "from=1000&to=5000&group=pair&device=02:00:00:00:00:01",
    "remote=a%26b&group=remote"]) {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(writeWish(wish(text))))
      if (value)
        query.set(key, value);
    assert.deepEqual(wish(query.toString()), wish(text), text);
  }
  for (const odd of ["from=5&to=1", "from=x&to=y", "from=-1&to=3", "to=5", "span=year", "group=all",
    "from=1&to=Infinity"])
    assert.deepEqual([wish(odd).strip, wish(odd).group], ["hour", "device"], odd);
  assert.deepEqual(spanOf(wish("span=minute"), 100_000), { from: 40_000, to: 100_000 });
  assert.deepEqual(spanOf(wish("from=1&to=9"), 100_000), { from: 1, to: 9 });
  const now = 1e12;
  assert.deepEqual(clampSpan({ from: now + 500, to: now - 500 }, now), { from: now - 1000, to: now });
  assert.deepEqual(clampSpan({ from: 0, to: 5000 }, now),
    { from: now - 86_400_000, to: now - 86_395_000 });
  assert.equal(historyPath({ device: "", remote: "a b" }, { from: 1.6, to: 3 }, 100, { group: "pair" }),
    "history?device=all&remote=a+b&from=2&to=3&step=100&group=pair");
  assert.ok(!historyPath({ device: "", remote: "" }, { from: 1, to: 3 }, 0).includes("step"));
});

test("a series goes on with the time and never grows", () => {
  const s = new Series(60_000, 100);
  assert.deepEqual(s.ask(100_000), { from: 40_000, to: 100_000, step: 0 });
  s.take({ from_ms: 40_000, step_ms: 100, rx: Array(600).fill(125), tx: Array(600).fill(null) }, 100_000);
  assert.deepEqual([s.at.length, s.at[0], s.rx[0], s.tx[5]], [600, 40_000, 10_000, null]);
  // The last step had not ended: it is told again.
  assert.deepEqual(s.ask(101_000), { from: 99_800, to: 101_000, step: 100 });
  s.take({ from_ms: 99_900, step_ms: 100, rx: [250, 1, 9], tx: [0, 0, 0] }, 100_199);
  assert.deepEqual([s.at.at(-1), s.rx.at(-2), s.rx.at(-1)], [100_000, 20_000, 80]);
  for (let now = 101_000; now < 500_000; now += 1000)
    s.take({ from_ms: s.ask(now).from, step_ms: 100, rx: Array(12).fill(1), tx: Array(12).fill(1) }, now);
  assert.ok(s.at.length <= 602 && s.at.length === s.rx.length && s.rx.length === s.tx.length);
  assert.ok(s.at.every((t, i) => !i || t > s.at[i - 1]));
  s.take({ from_ms: 0, step_ms: 1000, rx: Array(5000).fill(1), tx: [] }, 600_000);
  assert.ok(s.at.length <= 602);
  s.clear();
  assert.deepEqual([s.at.length, s.ask(600_000).step], [0, 0]);
  s.take({ from_ms: "x", step_ms: NaN, rx: "no", tx: {} }, 600_000);
});

test("a series is as fine as is kept, and finer when more is", () => {
  const s = new Series(60_000, 100);
  const take = (from_ms, step_ms, n, now) =>
    s.take({ from_ms, step_ms, rx: Array(n).fill(1), tx: Array(n).fill(1) }, now);
  s.ask(100_000);
  take(40_000, 1000, 60, 100_000);
  assert.deepEqual([s.stepMs, s.at.length], [1000, 60]);
  assert.deepEqual(s.ask(101_000), { from: 98_000, to: 101_000, step: 1000 });
  take(98_000, 1000, 3, 101_000);
  assert.equal(s.at.length, 60);
  assert.deepEqual(s.ask(105_000), { from: 45_000, to: 105_000, step: 0 });
  take(45_000, 1000, 60, 105_000);
  assert.equal(s.ask(106_000).step, 1000);
  assert.equal(s.ask(110_000).step, 0);
  take(50_000, 100, 600, 110_000);
  assert.deepEqual([s.stepMs, s.at.length, s.ask(115_000).step], [100, 600, 100]);
  assert.deepEqual([stepWords(100), stepWords(5000), stepWords(60_000)],
    ["100\u00a0ms", "5\u00a0s", "1\u00a0min"]);
});

test("how far back each fineness goes", () => {
  const now = new Date(2026, 5, 2, 15, 0).getTime();
  const tiers = (...from) => [100, 1000, 60_000].map((step_ms, i) => ({ step_ms, from_ms: from[i] }));
  const at = (day, hour, minute) => new Date(2026, 5, day, hour, minute).getTime();
  assert.equal(reachWords(tiers(at(2, 12, 31), at(1, 15, 5), at(1, 14, 59)), 0, now),
    "Kept: tenths of a second since 12:31, seconds since yesterday 15:05, minutes for 24\u00a0hours.");
  assert.equal(reachWords(tiers(at(2, 12, 31) + 59_900, at(2, 12, 31) + 59_000, at(2, 12, 31)), 60_000, now),
    "Kept: tenths of a second since 12:32.");
  assert.equal(reachWords(tiers(at(1, 15, 0), at(1, 15, 0), at(1, 15, 0)), 0, now),
    "Kept: tenths of a second for 24\u00a0hours.");
  assert.equal(reachWords(tiers(null, null, null), 0, now), "");
  for (const odd of [undefined, 5, [null, 7, { step_ms: "x", from_ms: {} }, { step_ms: 5, from_ms: 1 }]])
    assert.equal(reachWords(odd, 0, now), "");
});

test("packets are bounded and read with suspicion", () => {
  const mac = "02:00:00:00:00:01";
  const row = (age, more = {}) => Object.assign([age, mac, 6, "rx", 5000, "192.0.2.1", 443, 1500, 0x12, 1,
    "a.example"], more);
  const p = new Packets();
  p.take({ now_ms: 1000, left_out: 3, rows: [row(20), row(10, { 1: "02:00:00:00:00:02" }), row(5, { 10: 7 }),
    null, "x", [1], row(1, { 2: 250, 9: "many" })] }, mac);
  assert.deepEqual(p.rows.map(({ at, proto, flags, packets, name }) => [at, proto, flags, packets, name]),
    [[999, "250", "", 1, "a.example"], [995, "tcp", "SYN ACK", 1, null], [980, "tcp", "SYN ACK", 1, "a.example"]]);
  assert.equal(p.leftOut, 3);
  for (let i = 0; i < 100; i++)
    p.take({ now_ms: i, rows: Array(1000).fill(row(0)) }, mac);
  assert.equal(p.rows.length, 60);
  assert.equal(flagWords(0xff), "FIN SYN RST PSH ACK URG ECE CWR");
});

test("events are told once, kept in order, and lead only into the page", () => {
  const event = (id, more) => ({ id, at_ms: id, kind: "upload", text: `t${id}`, device: null, link: null, ...more });
  const e = new Events();
  e.take([event(3), event(1), { id: "x", text: "t" }, null, 5]);
  e.take([event(2), event(3, { text: "again" })]);
  assert.deepEqual(e.list.map(({ id, text }) => [id, text]), [[3, "again"], [2, "t2"], [1, "t1"]]);
  assert.equal(e.unseen, 3);
  e.look();
  e.take([event(4)]);
  assert.equal(e.unseen, 1);
  e.take(Array.from({ length: 500 }, (_, i) => event(i)));
  assert.equal(e.list.length, 200);
  assert.equal(oftenWords({ times: 3, more: 2 }), "3 times, 2 like it");
  assert.equal(oftenWords({ times: 1 }), "");
  assert.equal(linkOf({ link: "#/device/02:00:00:00:00:01" }), "#/device/02:00:00:00:00:01");
  for (const link of [null, "javascript:alert(1)", "//evil.example", "https://evil.example/#/x", "#//x"])
    assert.equal(linkOf({ link }), null, link);
});

test("the line is its minutes, and what is not known is a gap", () => {
  const all = minutesOf({ from_ms: 600_000, latency_ms: [null, 4.5, 90, null], asked: [null, 60, 60, 12],
    lost: [null, 0, 15, 12] });
  assert.deepEqual(all.map(({ at, latency, lost }) => [at, latency, lost]),
    [[660_000, 4.5, 0], [720_000, 90, 15], [780_000, null, 12]]);
  const sum = sumUp(all);
  assert.deepEqual([sum.latency, sum.slowest?.at, sum.asked, sum.lost], [90, 720_000, 132, 27]);
  assert.deepEqual(sumUp([]), { latency: null, slowest: null, asked: 0, lost: 0 });
  // A minute that a span cuts is of it.
  assert.deepEqual(within(all, { from: 719_999, to: 720_001 }).map(({ at }) => at), [660_000, 720_000]);
  assert.deepEqual(everyMinute(all, { from: 650_000, to: 840_000 }),
    { at: [600_000, 660_000, 720_000, 780_000], latency: [null, 4.5, 90, null], loss: [null, 0, 0.25, 1] });
  assert.deepEqual(minutesOf({ from_ms: "x", latency_ms: null, asked: {}, lost: 5 }), []);
});

test("what is looked for in the log is what the address says", () => {
  const read = (text) => readLog(new URLSearchParams(text));
  assert.deepEqual(read("why=failed&name=a&device=10.77.0.5"), { device: "10.77.0.5", name: "a", why: "failed" });
  assert.deepEqual(read("why=__proto__&x=1"), { device: "", name: "", why: "" });
});

test("a country is its name, and no code is none", () => {
  assert.deepEqual(["DE", "ZZZ", "<b>", null, undefined].map(countryOf), ["Germany", "", "", "", ""]);
});

test("my Wi-Fi or my provider?", () => {
  assert.equal(rttWords(null), "");
  assert.equal(rttWords(0), "<\u00a01\u00a0ms");
  assert.equal(rttWords(18_400), "18\u00a0ms");
  assert.match(rttVerdict(80_000, 20_000), /home is slow/);
  assert.match(rttVerdict(2_000, 300_000), /beyond the gate is slow/);
  assert.match(rttVerdict(2_000, null), /Quick/);
  assert.match(rttVerdict(null, undefined), /Measured when/);
});

test("the kind of NAT is told as it was found", () => {
  const full = (proto, more) => ({ proto, type: "full cone", mapping: "endpoint-independent",
    filtering: "endpoint-independent", port_kept: true, hairpin: true, problem: null, ...more });
  assert.equal(typeWords([full("udp"), full("tcp")]), "Full cone");
  assert.match(coneWords([full("udp"), full("tcp")]), /open to all of them/);
  const shut = full("udp", { type: "port-restricted cone", filtering: "address-and-port-dependent" });
  assert.equal(typeWords([shut, full("tcp")]), "Mixed");
  assert.match(coneWords([shut, full("tcp")]), /^UDP: closed to who was not spoken to\.$/);
  const none = { proto: "udp", type: null, problem: "no_wan" };
  assert.equal(typeWords([none, full("tcp")]), "Not known");
  assert.match(coneWords([none]), /no internet/);
  assert.deepEqual([typeWords([]), coneWords([])], ["Not known", "It could not be tried now."]);
  assert.match(coneWords([{ proto: "udp", type: null, problem: "__proto__" }]), /could not be tried/);
  for (const [address, isBehind] of [["10.0.0.2", true], ["172.31.9.1", true], ["172.32.9.1", false],
    ["192.168.1.2", true], ["100.64.0.1", true], ["100.128.0.1", false], ["203.0.113.2", false],
    [null, false]])
    assert.equal(isBehindAnother(address), isBehind, String(address));
});

test("what is typed becomes a value of the kind that was there", () => {
  assert.deepEqual(asValue(" a, b ,", []), ["a", "b"]);
  assert.deepEqual([asValue("60", 5), asValue("sixty", 5), asValue("60", "x"), asValue(" ", 5)],
    [60, "sixty", "60", null]);
  assert.deepEqual([asText(["a", "b"]), asText(0), asText(undefined)], ["a, b", "0", ""]);
  assert.equal(valueOf({ nat: { timers: { udp_s: 5 } } }, "nat.timers.udp_s"), 5);
  assert.equal(valueOf({}, "nat.timers.udp_s"), undefined);
  const keys = SETTINGS.flatMap(({ settings }) => settings.map(([key]) => key));
  assert.equal(new Set(keys).size, keys.length);
});

test("of what is put in order, as much as can be stays where it is", () => {
  const isRising = (list) => list.every((n, i) => !i || list[i - 1] < n);
  assert.deepEqual([...staying([])], []);
  assert.deepEqual([...staying([0, 1, 2])].sort(), [0, 1, 2]);
  assert.equal(staying([3, 0, 1, 2]).size, 3);
  assert.equal(staying([1, 2, 3, 0]).size, 3);
  for (let round = 0; round < 300; round++) {
    const places = Array.from({ length: 8 }, (_, i) => [Math.random(), i]).sort()
      .map(([, i]) => i);
    const stay = staying(places);
    assert.ok(isRising(places.filter((n) => stay.has(n))));
    let most = 0;
    for (let set = 0; set < 256; set++) {
      const some = places.filter((_, i) => set >> i & 1);
      most = isRising(some) ? Math.max(most, some.length) : most;
    }
    assert.equal(stay.size, most);
  }
});
