"""History: what went over the wires is what it tells, flow by flow, whoever
carried it, and a restart loses none of it."""
import contextlib
import csv
import io
import json
import signal
import threading
import time

import pytest

from house import FAR
from test_express import asks, carrier_of, echo, promote, FACE
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")

HEADERS = 28    # IPv4 and UDP: bytes are counted as IP length
DAY = 86_400_000


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1"], ["h2", "h3"]], express={"after_packets": 8})
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    return house


def fetch(house, **query):
    words = "&".join(f"{key}={value}" for key, value in query.items())
    return house.gw.run("curl", "-s", "--globoff", "--unix-socket",
                        f"/run/portcullis/{house.instance}.sock",
                        f"http://x/api/v1/history?{words}")


def history(house, **query):
    now = int(time.time() * 1000)
    span = {"from": now - 600_000, "to": now + 60_000, "step": 60_000}
    told = json.loads(fetch(house, **(span | query)))
    assert "error" not in told, told
    for way in "rx", "tx":
        assert sum(bytes_ or 0 for bytes_ in told[way]) == told["total"][way]
        assert sum(g[way] for g in told["groups"]) == told["total"][way]
    return told


def totals_of(house, **query):
    total = history(house, **query)["total"]
    return {way: total[way] for way in ("rx", "tx")}


def moved(house, host, port):
    """What the flow's own counters say."""
    row, = [f for f in house.ask("flows")
            if f["inside"] == f"{host.ip}:{port}"]
    return {"rx": row["rx_bytes"], "tx": row["tx_bytes"]}


@contextlib.contextmanager
def stream(sock, port):
    """A thousand datagrams a second or so, answered or not."""
    over = threading.Event()

    def send():
        while not over.wait(0.0005):
            sock.sendto(bytes(400), (FAR, port))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_every_byte_is_there(house):
    """As the datagrams were, in every tier, by device, remote and pair."""
    with echo(house, 7200), house.h2.udp(41200) as sock:
        for _ in range(7):
            assert asks(sock, 7200, bytes(500))
    want = moved(house, house.h2, 41200)
    assert want["rx"] >= 7 * (500 + HEADERS)
    query = {"device": house.h2.mac, "remote": FAR}
    # DHCP and DNS are the gateway's own: h2 spoke with far alone.
    assert eventually(lambda: totals_of(house, **query) == want, 5), \
        (totals_of(house, **query), want)
    now = int(time.time() * 1000)
    for step in 100, 1000, 60_000:
        assert totals_of(house, step=step, **query,
                         **{"from": now - 120_000, "to": now}) == want
    pair, = history(house, group="pair", **query)["groups"]
    assert pair["key"] == f"{house.h2.mac}/{pair['name'] or FAR}"
    assert {w: pair[w] for w in ("rx", "tx")} == want


def test_the_lane_is_in_it(house, carrier):
    """Across promotion: history, flow, device and boundary say the same."""
    with echo(house, 7201), house.h3.udp(41201) as sock:
        promote(house, sock, house.h3, 7201, FACE[carrier])
        for _ in range(200):
            assert asks(sock, 7201, bytes(900))
        assert carrier_of(house, f"{house.h3.ip}:41201", 7201) == FACE[carrier]
    want = moved(house, house.h3, 41201)
    query = {"device": house.h3.mac, "remote": FAR}
    assert eventually(lambda: totals_of(house, **query) ==
                      moved(house, house.h3, 41201), 5), \
        (totals_of(house, **query), want)

    def whole():
        """Devices, by history and by the counters."""
        said = {c["mac"]: {"rx": c["rx_bytes"], "tx": c["tx_bytes"]}
                for c in house.ask("clients") if c["rx_bytes"]}
        return said, {g["key"]: {w: g[w] for w in ("rx", "tx")}
                      for g in history(house, group="device")["groups"]}

    assert eventually(lambda: len({json.dumps(x, sort_keys=True)
                                   for x in whole()}) == 1, 10), whole()


def test_today_is_of_it(house):
    rows = {c["mac"]: c for c in house.ask("clients")}
    assert rows[house.h3.mac]["today"] == {
        "rx": rows[house.h3.mac]["rx_bytes"],
        "tx": rows[house.h3.mac]["tx_bytes"]}


def test_csv_is_what_json_says(house):
    now = int(time.time() * 1000)
    span = {"from": now - 600_000, "to": now, "step": 60_000,
            "group": "device"}
    told = history(house, **span)
    rows = list(csv.DictReader(io.StringIO(
        fetch(house, format="csv", **span))))
    steps = [r for r in rows if r["what"] == "step"]
    assert [int(r["rx_bytes"]) if r["rx_bytes"] else None
            for r in steps] == told["rx"]
    assert [int(r["at_ms"]) for r in steps] == [
        told["from_ms"] + n * 60_000 for n in range(len(steps))]
    groups = [r for r in rows if r["what"] == "group"]
    assert [(r["key"], int(r["rx_bytes"]), int(r["tx_packets"]))
            for r in groups] == [
        (g["key"] or "", g["rx"], g["tx_packets"]) for g in told["groups"]]


@pytest.mark.parametrize("how", [signal.SIGUSR2, signal.SIGTERM])
def test_a_restart_loses_nothing(house, how):
    """Not even what crossed while it went down; and old and new are one."""
    before = history(house, group="device")["groups"]
    with echo(house, 7202), house.h2.udp(41202) as sock:
        assert asks(sock, 7202, bytes(300))
        ready = house.log().splitlines().count("ready")
        if how == signal.SIGUSR2:
            house.gateway.send_signal(how)
            assert eventually(lambda: house.log().splitlines().count("ready")
                              > ready)
        else:
            house.stop_gateway(how)
            house.start_gateway()
        assert asks(sock, 7202, bytes(300))
    device = {"device": house.h2.mac}
    had = {g["key"]: g["rx"] for g in before}
    least = had[house.h2.mac] + 2 * (300 + HEADERS)
    assert eventually(lambda: totals_of(house, **device)["rx"] >= least, 5)
    after = {g["key"]: g["rx"] for g in history(house, group="device")["groups"]}
    assert had.keys() <= after.keys()
    assert all(after[key] >= had[key] for key in had)
    assert after[house.h3.mac] == had[house.h3.mac]


@pytest.mark.parametrize("signals", [1, 2])
def test_what_crosses_meanwhile_is_counted_once(house, signals):
    """While it is saved, while the old process goes and the new one comes; who
    is impatient and asks twice loses nothing either."""
    port = 7203 + signals
    device = {"device": house.h2.mac}
    before = totals_of(house, **device)
    ready = house.log().splitlines().count("ready")
    with echo(house, port), house.h2.udp(40000 + port) as sock:
        assert asks(sock, port, bytes(300))
        with stream(sock, port):
            time.sleep(0.5)
            for _ in range(signals):
                house.gateway.send_signal(signal.SIGUSR2)
                time.sleep(0.003)
            assert eventually(
                lambda: house.log().splitlines().count("ready") > ready)
            time.sleep(0.5)
        want = moved(house, house.h2, 40000 + port)
        assert want["tx"] > 1000 * HEADERS
        assert eventually(lambda: totals_of(house, **device) == {
            way: before[way] + moved(house, house.h2, 40000 + port)[way]
            for way in before}, 10), (before, want, totals_of(house, **device))


def test_a_broken_file_is_set_aside(build):
    house = build([["h1"]])
    house.start_gateway()
    house.stop_gateway()
    file = house.state / "history.bin"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"PCHIST1\n" + bytes(40))
    house.start_gateway()
    assert eventually(lambda: (house.state / "history.bin.broken").exists())
    assert "history.bin is broken" in house.log()
    assert house.ask("status")["history"]["max_bytes"] == 64 << 20


def test_errors_say_which_parameter(house):
    for query, word in (({"step": 150}, "step"), ({"device": "x"}, "device"),
                        ({"from": 5, "to": 3}, "to")):
        assert json.loads(fetch(house, **query))["error"].startswith(
            word + ":")
    old = int(time.time() * 1000) - 7 * DAY
    assert json.loads(fetch(house, step=100, **{"from": old}))[
        "error"].startswith("step:")
