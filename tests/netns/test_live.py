"""The live WebSocket tells what happens, as it happens, for next to nothing."""
import glob
import os
import time

import pytest

from house import FAR
from page import Page, ask, connect, head, offer, request, status
from world import eventually

HEADERS = 28    # IPv4 and UDP: bytes are counted as IP length


@pytest.fixture
def page(house):
    with Page(house.h1) as page:
        yield page


def test_it_opens_with_where_things_stand(house, page):
    kinds = [page.message() for _ in range(4)]
    hello, recent, state, clients = kinds
    assert [m["type"] for m in kinds] == ["hello", "recent", "status",
                                         "clients"]
    assert hello["tick_ms"] == 250
    assert abs(hello["now_ms"] / 1000 - time.time()) < 60
    assert recent["step_ms"] == 250
    assert len(recent["rx_bps"]) == len(recent["tx_bps"]) <= 240
    assert abs(recent["end_ms"] / 1000 - time.time()) < 60
    assert state.keys() - {"type"} == house.ask("status").keys()
    known = {client["mac"]: client for client in clients["clients"]}
    assert {house.h1.mac, house.h2.mac, house.h3.mac} <= known.keys()
    for client in known.values():
        assert client["recent"]["step_ms"] == 1000
        assert len(client["recent"]["rx_bps"]) <= 60


def test_it_says_what_the_api_says(house, page):
    page.next("clients")                # the opening one, with the minute
    told = {c["mac"]: c for c in page.next("clients")["clients"]}
    asked = {c["mac"]: c for c in house.ask("clients")}
    assert told.keys() == asked.keys()
    for mac, client in told.items():
        assert client.keys() == asked[mac].keys()
        for key in "ip", "hostname", "name", "vendor":
            assert client[key] == asked[mac][key]


def test_bytes_are_told_as_they_cross(house, page):
    """All of them, and none that did not: what the ticks add up to is what
    was sent."""
    page.next("tick")
    with house.far.udp(7100, FAR) as far, house.h2.udp(41100) as inside:
        inside.sendto(bytes(100), (FAR, 7100))
        _, outside = far.recvfrom(2048)
        before = page.next("tick")
        for _ in range(50):
            far.sendto(bytes(1000), outside)
            inside.recvfrom(2048)
        sent = 50 * (1000 + HEADERS)
        after, fastest = before, 0
        while after["rx_bytes"] - before["rx_bytes"] < sent:
            after = page.next("tick")
            fastest = max(fastest, after["rx_bps"])
    assert after["rx_bytes"] - before["rx_bytes"] < sent + 10000
    assert fastest > 0


def test_a_new_device_appears(build):
    house = build([["h1"], ["h2", "h3"]])
    house.start_gateway()
    house.h1.dhcp()
    with Page(house.h1) as page:
        house.h2.dhcp()
        assert eventually(lambda: house.h2.mac in {
            c["mac"] for c in page.next("clients")["clients"]}, 10, 0)


def test_pages_end_with_the_gateway(build):
    house = build([["h1"]])
    house.start_gateway()
    house.h1.dhcp()
    with Page(house.h1) as page:
        page.next("tick")
        assert house.stop_gateway() == 0
        with pytest.raises(ConnectionResetError):
            while True:
                page.message()


@pytest.mark.parametrize("wanted, data", [
    (421, offer(host="evil.example")),
    (421, offer(host="evil.example",
                headers=["Origin: http://evil.example"])),
    (403, offer(headers=["Origin: http://evil.example"])),
    (403, offer(headers=["Origin: null"])),
    (403, offer(headers=["Sec-Fetch-Site: cross-site"])),
    (426, offer(version="8")),
    (426, request("/api/v1/live")),
    (101, offer(headers=["Origin: http://10.77.0.1"])),
])
def test_who_may_listen(house, wanted, data):
    assert ask(house.h1, data) == wanted


@pytest.mark.parametrize("data", [
    request(), request("/none"), request("/api/v1/status"),
    request("/api/v1/none"), request(host="evil.example"), b"hello\r\n\r\n",
    request("/%zz"), request(headers=["X: " + "x" * 9000]), offer(),
    offer(version="8"),
])
def test_every_reply_is_guarded(house, data):
    with connect(house.h1) as sock:
        sock.sendall(data)
        text = head(sock)
    assert status(text) in (101, 200, 400, 404, 421, 426, 431)
    assert "Content-Security-Policy: default-src 'self'" in text
    assert "nosniff" in text


def test_only_the_live_page_needs_libwslay(build):
    """The executable runs where the library is not."""
    house = build([["h1"]])
    library, = glob.glob("/usr/lib/*/libwslay.so.1")
    house.gw.run("mount", "--bind", "/dev/null", os.path.realpath(library))
    house.start_gateway()
    house.h1.dhcp()
    assert ask(house.h1, request()) == 200
    assert ask(house.h1, offer()) == 501
    assert "install libwslay1" in house.log()


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.alone
def test_being_watched_costs_next_to_nothing(house, page):
    """Under 1 % of a core, by the gateway's own clock of what it used."""
    page.next("tick")
    begin, used = time.monotonic(), cpu_seconds(house.gateway.pid)
    for _ in range(60):
        page.next("tick")
    used = cpu_seconds(house.gateway.pid) - used
    assert used <= 0.01 * (time.monotonic() - begin)
