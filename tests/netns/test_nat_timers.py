"""Timers of the NAT by a real clock, as short as the settings let them be. The
long ones, and every rule about them, run under a fake clock in tests/unit."""
import time

import pytest
from scapy.all import ICMP, IP

from house import FAR, WAN
from wire import Ear, mapped, mapping, send
from world import eventually

pytestmark = [pytest.mark.carriers("xdp", "nfqueue"), pytest.mark.long,
              pytest.mark.timeout(600)]
UDP_S, ICMP_S = 120, 60
IDENT = 4243


@pytest.fixture(scope="module")
def story(house):
    """Four mappings and what happens to them; each test asks for its end."""
    house.cli("set", f"nat.timers.udp_s={UDP_S}")
    with house.far.udp(7000, FAR) as far:
        kept, kept_out = mapped(house.h1, far, 40600)
        heard, heard_out = mapped(house.h1, far, 40601)
        silent, _ = mapped(house.h1, far, 40602)
        send(house.h1, echo(house.h1, IDENT))
        began = time.monotonic()
        # A moment for the clock of who lives longest to be the latest.
        while time.monotonic() - began < UDP_S / 2:
            far.sendto(b"inbound", heard_out)
            assert heard.recv(64) == b"inbound"
            time.sleep(UDP_S / 20)
        kept.sendto(b"outbound", (FAR, 7000))
        assert far.recvfrom(64) == (b"outbound", kept_out)
        refreshed = time.monotonic()
        while is_there(house, 40601):
            far.sendto(b"inbound", heard_out)
            time.sleep(0.5)
            assert time.monotonic() - began < UDP_S + 100
        yield {"lived": time.monotonic() - began, "kept": kept, "far": far,
               "kept_out": kept_out, "refreshed": refreshed}
        for sock in kept, heard, silent:
            sock.close()


def echo(host, ident):
    return IP(src=host.ip, dst=FAR) / ICMP(id=ident) / b"anybody?"


def is_there(house, port):
    return mapping(house, f"{house.h1.ip}:{port}")


# nat.md 4
def test_rfc4787_req5_not_before_its_time(story):
    """Two minutes at least; more than the setting says is no promise, but
    soon after it is over."""
    assert UDP_S - 1 <= story["lived"]


# nat.md 5
def test_rfc4787_req6_outbound_refreshes_inbound_does_not(house, story):
    assert eventually(lambda: not is_there(house, 40602))
    if time.monotonic() - story["refreshed"] < UDP_S - 5:
        assert is_there(house, 40600)
        story["far"].sendto(b"still there?", story["kept_out"])
        assert story["kept"].recv(64) == b"still there?"


# nat.md 27
def test_an_ended_mappings_port_rests_for_its_host(house, story):
    """For another host its number is not free yet, for its own it is."""
    two, two_out = mapped(house.h2, story["far"], 40602)
    one, one_out = mapped(house.h1, story["far"], 40602)
    two.close()
    one.close()
    assert two_out != (WAN, 40602)
    assert one_out == (WAN, 40602)


# nat.md 19
def test_rfc5508_req2_a_query_lives_sixty_seconds(house, story):
    """It had its answer, and more than sixty seconds since."""
    assert eventually(
        lambda: not mapping(house, f"{house.h1.ip}:{IDENT}", "icmp"))
    with Ear(house.h1) as ear:
        send(house.h1, echo(house.h1, IDENT))
        ear.wait(lambda p: ICMP in p and p[ICMP].type == 0)
    assert mapping(house, f"{house.h1.ip}:{IDENT}", "icmp")
