#!/usr/bin/python3
"""Do all of them say the same? The demo's internet and its devices count what
crossed, by themselves; the gateway's API, CLI, CSV and page are held against it
once all traffic has ended. As root.

usage: agreement.py [SECONDS [--no-page]]    default: 600

A run of four minutes or more has a midnight in its middle.

The internet counts by remote and by flow, each device by remote, both in
nftables, where nothing is merged: a byte is an IP packet's. The gateway's own
questions to its resolver are counted apart: they are nobody's at home.
"""
import csv
import io
import json
import os
import pathlib
import sys
import tempfile
import time

import agreement_page
from book import ALONE, WAYS, Book, bytes_of, total
from names import ADDRESSES, RECORDS, RESOLVER
from street import BINARY, LAN, NAME, WAN, Failed, Street

# pylint: disable=wrong-import-order
from world import eventually

SETTLE_S = 60
MIDNIGHT_S = 240    # runs that are so long have one
AROUND_S = 2        # a tick may be late
DAY_S = 86_400
REMOTES = [a for a in ADDRESSES if a != RESOLVER]

# Everything that one machine sends to or hears from the other side.
COUNT = """
table ip seen {
	set rx { type ipv4_addr; flags dynamic; size 4096; counter; }
	set tx { type ipv4_addr; flags dynamic; size 4096; counter; }
	set rx_flows { typeof ip saddr . ip protocol . th sport . th dport;
		flags dynamic; size 262144; counter; }
	set tx_flows { typeof ip saddr . ip protocol . th sport . th dport;
		flags dynamic; size 262144; counter; }
	set opened { typeof ip saddr . ip protocol . th sport . th dport;
		flags dynamic; size 262144; counter; }
	chain comes { type filter hook prerouting priority -400;
		iif %(dev)s %(comes)s
	}
	chain goes { type filter hook postrouting priority 400;
		oif %(dev)s %(goes)s
	}
}
"""
AT_INTERNET = {
    "dev": "street",
    "comes": "ip saddr %(wan)s update @tx { ip daddr } ip protocol { 6, 17 } "
             "update @tx_flows { ip daddr . ip protocol . th dport . th sport }\n"
             "tcp flags & (syn | ack) == syn "
             "update @opened { ip daddr . ip protocol . th dport . th sport }"
             % {"wan": WAN},
    "goes": "ip daddr %(wan)s update @rx { ip saddr } ip protocol { 6, 17 } "
            "update @rx_flows { ip saddr . ip protocol . th sport . th dport }"
            % {"wan": WAN},
}
AT_DEVICE = {
    "dev": "eth0",
    "comes": f"ip saddr != {LAN}/24 update @rx {{ ip saddr }}",
    "goes": f"ip daddr != {{ {LAN}/24, 224.0.0.0/3, 0.0.0.0 }} "
            "update @tx { ip daddr }",
}


def count_at(machine, where):
    """Merged packets would be counted without the headers of their pieces:
    here every packet is one of the wire's."""
    machine.run("ip", "link", "set", where["dev"], "gso_max_segs", "1")
    machine.run("ethtool", "-K", where["dev"], "gro", "off")
    machine.run("nft", "-f", "-", input=COUNT % where)


def counted(machine, name, what="bytes"):
    """{element of that set: bytes}."""
    said = json.loads(machine.run("nft", "-j", "list", "set", "ip", "seen",
                                  name))
    found, = [o["set"] for o in said["nftables"] if "set" in o]
    sums = {}
    for entry in found.get("elem", ()):
        value = entry["elem"]["val"]
        key = tuple(value["concat"]) if isinstance(value, dict) else value
        sums[key] = entry["elem"]["counter"][what]
    return sums


def seen(machine):
    """{remote: {"rx": bytes, "tx": bytes}} of the home's traffic."""
    by_way = {way: counted(machine, way) for way in WAYS}
    return {remote: {way: by_way[way].get(remote, 0) for way in WAYS}
            for remote in REMOTES}


class Gateway:
    """What it says, by each of its mouths."""

    def __init__(self, street, begin_ms):
        self.street, self.gw = street, street.gw
        self.span = {"from": begin_ms, "to": begin_ms + 4 * 3_600_000,
                     "step": 60_000, "limit": 1000}

    def midnight(self):
        """When today began, civil milliseconds; None: before all this."""
        t = time.localtime()
        at = 1000 * int(time.mktime((*t[:3], 0, 0, 0, *t[6:8], -1)))
        return at if at > self.span["from"] else None

    def today(self, counted):
        """{MAC: bytes} of it. Nobody else could say what moved until midnight
        and what after, to the byte: check_midnight()."""
        midnight = self.midnight()
        if not midnight:
            return {mac: total(sums.values()) for mac, sums in counted.items()}
        told = self.history(group="device", **{"from": midnight})
        by_mac = {g["device"]: bytes_of(g) for g in told["groups"]}
        return {mac: by_mac.get(mac, {"rx": 0, "tx": 0}) for mac in counted}

    def fetch(self, path):
        return self.gw.run("curl", "-sS", "--unix-socket",
                           f"/run/portcullis/{NAME}.sock",
                           f"http://x/api/v1/{path}")

    def history(self, **query):
        words = "&".join(f"{k}={v}" for k, v in (self.span | query).items())
        said = self.fetch(f"history?{words}")
        if query.get("format") == "csv":
            return list(csv.DictReader(io.StringIO(said)))
        told = json.loads(said)
        assert "error" not in told, told
        for way in WAYS:
            assert sum(n or 0 for n in told[way]) == told["total"][way]
            assert sum(g[way] for g in told["groups"]) == told["total"][way]
        return told

    def cli(self, *words):
        return self.gw.run(BINARY, *words, "--name", NAME)

    def ask(self, *words):
        return json.loads(self.cli(*words, "--json"))


# ---- each mouth

def check_history(book, gateway, internet, devices):
    told = gateway.history(group="device")
    book.same("history, all", total(internet.values()), bytes_of(told["total"]))
    by_mac = {g["device"]: bytes_of(g) for g in told["groups"]}
    for mac, sums in devices.items():
        book.same(f"history, {mac}", total(sums.values()), by_mac.pop(mac, None))
    book.same("history, of nobody", {}, by_mac)
    for remote, sums in internet.items():
        book.same(f"history, {remote}", sums,
                  bytes_of(gateway.history(remote=remote)["total"]))
    for name, addresses in ALONE.items():
        book.same(f"history, {name}", total(internet[a] for a in addresses),
                  bytes_of(gateway.history(remote=name)["total"]))
    for address in REMOTES:
        names = [n for n in RECORDS if address in RECORDS[n]]
        if len(names) > 1:
            book.same(f"history, {' and '.join(names)}", internet[address],
                      total(gateway.history(remote=name)["total"]
                            for name in names))
    pairs = {}
    for g in gateway.history(group="pair")["groups"]:
        sums = pairs.setdefault(g["device"], {"rx": 0, "tx": 0})
        for way in WAYS:
            sums[way] += g[way]
    book.same("history, pairs by device", {mac: total(sums.values())
              for mac, sums in devices.items()}, pairs)


def check_tiers(book, gateway, want):
    """What a second and a tenth of it add up to, as far as they reach."""
    now = int(time.time() * 1000)
    span = {"from": max(gateway.span["from"], now - 1_500_000), "to": now}
    minutes = gateway.history(**span)
    if span["from"] == gateway.span["from"]:
        book.same("history, by the minute", want, bytes_of(minutes["total"]))
    span |= {"from": minutes["from_ms"], "to": minutes["to_ms"]}
    for step in 1000, 100:
        parts = [gateway.history(**span | {
            "step": step, "from": at, "to": min(at + 300_000, span["to"])})
            for at in range(span["from"], span["to"], 300_000)]
        book.same(f"history, by {step} ms", bytes_of(minutes["total"]),
                  total(part["total"] for part in parts))


def check_midnight(book, gateway, devices, around):
    """Both days are the whole, and are parted where the devices saw midnight."""
    midnight = gateway.midnight()
    if not midnight:
        return
    told = gateway.history(group="device", to=midnight)
    by_mac = {g["device"]: bytes_of(g) for g in told["groups"]}
    today = gateway.today(devices)
    for mac, sums in devices.items():
        before = by_mac.get(mac, {"rx": 0, "tx": 0})
        book.same(f"history, {mac}, both days", total(sums.values()),
                  total((before, today[mac])))
        if around:
            least, most = (total(seen_then[mac].values())
                           for seen_then in around)
            book.same(f"history, {mac}, midnight", [], [
                f"{way}: {before[way]} not in {least[way]}..{most[way]}"
                for way in WAYS
                if not least[way] <= before[way] <= most[way]])


def check_csv(book, gateway, internet, devices):
    rows = gateway.history(group="device", format="csv")
    of = {kind: [r for r in rows if r["what"] == kind]
          for kind in ("step", "group", "total")}

    def sums(row):
        return {way: int(row[f"{way}_bytes"] or 0) for way in WAYS}

    want = total(internet.values())
    book.same("CSV, total", want, sums(of["total"][0]))
    book.same("CSV, steps", want, total(sums(r) for r in of["step"]))
    book.same("CSV, by device", {mac: total(d.values())
              for mac, d in devices.items()},
              {r["key"]: sums(r) for r in of["group"]})


def check_cli(book, gateway, devices):
    rows = {c["mac"]: c for c in gateway.ask("clients")}
    text = gateway.cli("clients")
    today = gateway.today(devices)
    for mac, sums in devices.items():
        want = total(sums.values())
        book.same(f"clients, {mac}", want,
                  {way: rows[mac][f"{way}_bytes"] for way in WAYS})
        book.same(f"clients, {mac}, today", today[mac], rows[mac]["today"])
    for row in rows.values():
        assert row["mac"] in text, text


def check_flows(book, gateway, internet):
    """Of those that are still known: each, by the internet's own count. Ports
    come again after some minutes; then its count is of all that had them."""
    counts = {way: counted(internet, f"{way}_flows") for way in WAYS}
    opened = counted(internet, "opened", "packets")
    want, got, again = {}, {}, 0
    for flow in gateway.ask("flows"):
        remote, port = flow["remote"].rsplit(":", 1)
        if remote not in REMOTES or flow["proto"] not in ("tcp", "udp"):
            continue
        outside = int(flow["outside"].rsplit(":", 1)[1])
        key = (remote, flow["proto"], int(port), outside)
        if opened.get(key, 1) > 1:
            again += 1
            continue
        word = " ".join(map(str, key))
        got[word] = {way: flow[f"{way}_bytes"] for way in WAYS}
        want[word] = {way: counts[way].get(key, 0) for way in WAYS}
    wrong = {key: (want[key], got[key]) for key in got if got[key] != want[key]}
    book.same(f"flows, {len(got)} each; {again} had used ports", {}, wrong)
    if not got:
        book.wrong.append("flows: none is known any more")


# ---- the whole

def seen_at_home(street):
    return {device.mac: seen(host) for device, host in street.hosts.items()}


def live(street, seconds, midnight):
    """So long; then every device falls silent. What they had seen shortly before
    midnight and shortly after, if there was one."""
    moments = [midnight - AROUND_S, midnight + AROUND_S] if midnight else []
    around = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not street.alive():
            raise Failed("the gateway has ended:\n" + street.log()[-2000:])
        if moments and time.time() >= moments[0]:
            around.append(seen_at_home(street))
            del moments[0]
        time.sleep(0.25)
    for host in street.hosts.values():
        for child in host.children:
            if child is not host.client:
                host.end(child)
    return around if len(around) == 2 else None


def until_silent(street):
    """Until nothing moved for three seconds."""
    last, since = None, time.monotonic()

    def silent():
        nonlocal last, since
        now = seen(street.internet)
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > 3

    if not eventually(silent, SETTLE_S, 0.5):
        raise Failed("the traffic does not end")


def choose_midnight(seconds):
    """In the middle of a long run it is midnight somewhere, on a whole minute:
    there the gateway stands. When; None: wherever it stands."""
    if seconds < MIDNIGHT_S:
        return None
    at = int(time.time() + seconds / 2) // 60 * 60
    west = at % DAY_S
    os.environ["TZ"] = f"HERE+{west // 3600}:{west // 60 % 60:02}"
    time.tzset()
    return at


def begin(street):
    """Everything is counted from the first packet on."""
    street.build()
    count_at(street.internet, AT_INTERNET)
    for host in street.hosts.values():
        count_at(host, AT_DEVICE)
    begin_ms = int(time.time() * 1000) // 60_000 * 60_000
    street.open_for_business()
    return begin_ms


def compare(street, begin_ms, around, with_page):
    book, gateway = Book(), Gateway(street, begin_ms)
    internet, devices = seen(street.internet), seen_at_home(street)
    want = total(internet.values())
    if not all(total(sums.values())[way] for sums in devices.values()
               for way in WAYS):
        book.wrong.append("a device moved nothing")
    eventually(lambda: bytes_of(gateway.history()["total"]) == want, 10)
    for remote in REMOTES:
        book.same(f"devices and internet, {remote}", internet[remote],
                  total(sums[remote] for sums in devices.values()))
    check_history(book, gateway, internet, devices)
    check_tiers(book, gateway, want)
    check_midnight(book, gateway, devices, around)
    check_csv(book, gateway, internet, devices)
    check_cli(book, gateway, devices)
    check_flows(book, gateway, street.internet)
    if with_page:
        agreement_page.check(book, street, gateway, (internet, devices))
    return book


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    seconds = float(words[0]) if words else 600
    with tempfile.TemporaryDirectory(prefix="portcullis-agree-") as folder:
        street = Street(pathlib.Path(folder))
        try:
            midnight = choose_midnight(seconds)
            begin_ms = begin(street)
            around = live(street, seconds, midnight)
            until_silent(street)
            book = compare(street, begin_ms, around,
                           "--no-page" not in sys.argv)
            drops = json.loads(Gateway(street, begin_ms).fetch("drops"))
        finally:
            street.close()
    print("drops:", {d["reason"]: d["packets"] for d in drops if d["packets"]})
    print(f"agreement: {book.lines - len(book.wrong)} the same, "
          f"{len(book.wrong)} not")
    print("\n".join(book.wrong))
    return 1 if book.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
