"""Programs taken off a port under load: nothing private reaches the street."""
import json
import re
import threading

import pytest

from house import FAR
from world import eventually, heard, only_ipv4_from

pytestmark = pytest.mark.carriers("xdp", "nfqueue")


def attached(house):
    """The words that take one of our programs off one of the gateway's ports,
    for each of them."""
    if house.carrier != "xdp":
        return [("tc", "qdisc", "del", "dev", port, "clsact")
                for port in ("gw0", *house.lan_ports)]
    programs = {int(n) for n in re.findall(r" id (\d+)",
                                           house.gw.run("bpftool", "net"))}
    links = json.loads(house.gw.run("bpftool", "-j", "link", "show"))
    return [("bpftool", "link", "detach", "id", link["id"])
            for link in links if link.get("prog_id") in programs]


def flood(sock, stop):
    while not stop.is_set():
        for _ in range(100):
            try:
                sock.sendto(bytes(200), (FAR, 7000))
            except OSError:
                stop.wait(0.01)


def test_detaching_leaks_no_private_source(build):
    house = build([["h1"], ["h2"]])
    house.gw.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    house.start_gateway()
    house.hand_out_leases()
    stop = threading.Event()
    inside = [host.udp() for host in (house.h1, house.h2)]
    load = [threading.Thread(target=flood, args=(sock, stop))
            for sock in inside]
    with house.isp.frames("street") as street, house.far.udp(7000) as far:
        only_ipv4_from(street, "10.0.0.0", 8)
        for thread in load:
            thread.start()
        try:
            assert far.recv(2048), "the load arrives"
            ways = attached(house)
            assert len(ways) == 3
            for take_off in ways:
                house.gw.run(*take_off)
                stop.wait(0.5)
            assert not eventually(lambda: heard(street), 2)
        finally:
            stop.set()
            for thread in load:
                thread.join()


def test_a_dead_engine_leaks_no_private_source(build):
    house = build([["h1"]])
    house.gw.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    house.start_gateway()
    house.hand_out_leases()
    stop = threading.Event()
    load = threading.Thread(target=flood, args=(house.h1.udp(), stop))
    with house.isp.frames("street") as street:
        only_ipv4_from(street, "10.0.0.0", 8)
        load.start()
        try:
            stop.wait(0.5)
            house.stop_gateway(9)
            assert not eventually(lambda: heard(street), 2)
        finally:
            stop.set()
            load.join()
