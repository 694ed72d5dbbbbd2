"""A hundred thousand made-up devices behind one port ask for addresses: those
of the home keep theirs, who comes new behind another port gets one, and what
the gateway keeps of it all stays within bounds."""
import contextlib
import signal
import time

import pytest

from house import LAN
from starve import MACS, Flood
from world import eventually

pytestmark = pytest.mark.long

POOL = 253              # of a /24, without ourselves
A_PORT = 128            # half of it, which is what a port's strangers get
GROWTH = 32 << 20       # bytes that all of it may add
NEW_DEVICES = 8         # events of that kind in a day
TALK = ("while :; do ip neigh flush dev eth0; ping -c1 -W1 {} >/dev/null;"
        "sleep 1; done")


def rss(house):
    with open(f"/proc/{house.gateway.pid}/status") as file:
        rss, = (int(l.split()[1]) for l in file if l.startswith("VmRSS:"))
    return rss << 10


def lives_here(host):
    """A device as there are many: it has an address, and uses it."""
    host.dhcp()
    talk = host.spawn("sh", "-c", TALK.format(LAN))
    time.sleep(12)          # by then the gateway has heard it use the address
    return talk


def renews(host, ip):
    """By unicast, as at half the time."""
    host.lease_file.unlink()
    host.client.send_signal(signal.SIGUSR1)
    return host.await_lease()["ip"] == ip


def journal(house):
    """The journal's leases: the last word on each address."""
    said = {}
    for line in (house.state / "leases").read_text().splitlines()[1:]:
        verb, ip, *rest = line.split()
        assert (verb, len(rest)) in (("bind", 4), ("free", 4), ("drop", 0))
        said[ip] = (verb, *rest)
    return said


def await_the_crowd(flood):
    assert eventually(lambda: flood.asked >= MACS, 240), flood.asked


def check_what_is_kept(house, flood):
    """Bounds on what the flood has, and what the gateway remembers of it."""
    leases = house.ask("leases")
    made_up = [l for l in leases if l["mac"].startswith("06:00:00")]
    assert flood.offers and flood.taken
    assert 0 < len(made_up) <= A_PORT
    assert len({l["ip"] for l in leases}) == len(leases) <= POOL
    bound = {ip for ip, (verb, *_) in journal(house).items()
             if verb == "bind"}
    assert {l["ip"] for l in leases} <= bound and len(bound) <= POOL
    assert (house.state / "leases").stat().st_size < 1 << 20
    new = [e for e in house.ask("events")["events"]
           if e["kind"] == "new-device"]
    assert len(new) <= NEW_DEVICES
    assert house.log().count("no free address") == 1


@pytest.fixture(params=[[["h1"], ["h2", "h3"]], [["h1", "h2", "h3"]]],
                ids=["two-ports", "one-port"])
def house(request, build):
    """h2 is the crowd; h3, behind the same port, lives here."""
    house = build(request.param)
    house.start_gateway()
    return house


def test_the_home_outlives_a_crowd(house):
    talk = lives_here(house.h3)
    ip, before = house.h3.ip, rss(house)
    alone = len(house.lan_ports) > 1
    with Flood(house.h2) as flood:
        assert eventually(lambda: flood.asked > MACS // 10, 60)
        assert renews(house.h3, ip)
        if alone:       # a newcomer behind another port, in the midst of it
            assert house.h1.dhcp("dhclient")["ip"] != ip
        await_the_crowd(flood)
        assert renews(house.h3, ip)
        check_what_is_kept(house, flood)
    if not alone:       # behind the very port, once the crowd is gone
        assert house.h1.dhcp()["ip"] != ip
    assert rss(house) - before < GROWTH, rss(house) - before
    house.h3.end(talk)
    # What the crowd left is no obstacle to the next start.
    house.stop_gateway(9)
    house.start_gateway()
    assert renews(house.h3, ip)


def test_one_who_was_away_finds_its_address(build):
    """It left before the crowd came; its address waits for it."""
    house = build([["h1", "h2"], ["h3"]])
    house.start_gateway()
    ip = house.h1.dhcp("dhclient")["ip"]
    house.h1.end(house.h1.client)
    house.h1.run("ip", "addr", "flush", "dev", "eth0")
    house.cli("restart")
    assert eventually(lambda: house.log().count("ready") == 2, 20)
    with Flood(house.h2) as flood:
        await_the_crowd(flood)
        with contextlib.suppress(FileNotFoundError):
            house.h1.lease_file.unlink()
        assert house.h1.dhcp()["ip"] == ip
