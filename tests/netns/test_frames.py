"""100,000 random and mutated frames from each side: no crash, no leak, and
service goes on. Runs the sanitized build.

FRAMES_SEED repeats a run; FRAMES sets how many."""
import os
import random
import time

import pytest
from scapy.all import (ARP, BOOTP, DHCP, DNS, DNSQR, GRE, ICMP, IP, TCP, UDP,
                       Dot1Q, Ether, IPOption_RR, IPv6, Raw, fragment)

from house import FAR, ISP, LAN, WAN
from world import eventually

pytestmark = [pytest.mark.long, pytest.mark.carriers("xdp", "nfqueue")]

FRAMES = int(os.environ.get("FRAMES", "100000"))
SEED = int(os.environ.get("FRAMES_SEED", time.time_ns() % 1000000))


def seeds(source, target, own_mac, gateway_mac, gateway):
    """Frames of every kind the gateway looks into, well-formed."""
    ether = Ether(src=own_mac, dst=gateway_mac)
    ip = ether / IP(src=source, dst=target)
    to_us = ether / IP(src=source, dst=gateway)
    inner = IP(src=gateway, dst=source) / UDP(sport=40000, dport=7000)
    frames = [
        ip / UDP(sport=40000, dport=7000) / Raw(b"x" * 64),
        ip / TCP(sport=40000, dport=80, flags="S",
                 options=[("MSS", 1460), ("SAckOK", b""), ("WScale", 7)]),
        ip / TCP(sport=40000, dport=80, flags="A") / Raw(b"x" * 400),
        ip / TCP(sport=40000, dport=80, flags="R"),
        ip / ICMP(id=77) / Raw(b"x" * 56),
        to_us / ICMP(type=3, code=4) / inner,
        to_us / ICMP(type=11) / inner,
        ether / IP(src=source, dst=target, ttl=1) / UDP(dport=7000),
        ether / IP(src=source, dst=target, options=[IPOption_RR()]) / UDP(),
        ip / GRE() / Raw(b"x" * 40),
        ether / IP(src=source, dst=target, proto=50) / Raw(b"x" * 40),
        to_us / UDP(sport=5353, dport=53) / DNS(
            rd=1, qd=DNSQR(qname="example.net")),
        ether / IPv6(src="fe80::1", dst="fe80::2") / UDP(dport=53),
        ether / Dot1Q(vlan=0) / IP(src=source, dst=target) / UDP(),
        ether / Dot1Q(vlan=5) / Dot1Q(vlan=6) / IP() / UDP(),
        ether / ARP(psrc=source, pdst=gateway),
        Ether(src=own_mac, dst="ff:ff:ff:ff:ff:ff")
        / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
        / BOOTP(chaddr=bytes.fromhex(own_mac.replace(":", "")), xid=7)
        / DHCP(options=[("message-type", "discover"),
                        ("hostname", b"mutant"), "end"]),
        to_us / UDP(sport=67, dport=68) / BOOTP(op=2)
        / DHCP(options=[("message-type", "offer"), "end"]),
    ]
    large = IP(src=source, dst=target, id=99) / UDP() / Raw(b"x" * 4000)
    frames += [ether / piece for piece in fragment(large, 1400)]
    return [bytes(frame) for frame in frames]


def mutant(chance, frames):
    """One of them with a few bytes changed, cut or grown; some are noise."""
    frame = bytearray(chance.choice(frames))
    kind = chance.random()
    if kind < 0.05:
        return chance.randbytes(chance.randint(14, 1514))
    for _ in range(chance.randint(1, 4)):
        frame[chance.randrange(12, len(frame))] = chance.randrange(256)
    if kind < 0.25:
        del frame[chance.randint(14, len(frame)):]
    elif kind < 0.30:
        frame += chance.randbytes(chance.randint(1, 1514 - len(frame)))
    return bytes(frame)


def send(sock, chance, frames):
    for number in range(FRAMES):
        try:
            sock.send(mutant(chance, frames))
        except OSError:
            time.sleep(0.001)       # no room on the wire for a moment
        if number % 1000 == 0:
            time.sleep(0.01)        # the others share these cores


@pytest.fixture(scope="module")
def house(build_shared, asan_binary):
    house = build_shared([["h1"], ["h2"]], binary=asan_binary)
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    return house


def pings(host):
    return not host.attempt("ping", "-c", "1", "-W", "10", FAR).returncode


def assert_service(house):
    """Leases, names and pings. Mutated ARP says wrong things of who is where:
    the kernel needs some seconds to find out."""
    assert house.gateway.poll() is None, house.log()
    assert "ERROR: AddressSanitizer" not in house.log()
    for host in house.h1, house.h2:
        host.end(host.client)
        host.dhcp()
        assert eventually(lambda: pings(host), 30)
        assert host.run("dig", "+short", "example.net").strip() == FAR


def mac_of(machine, dev):
    return machine.run("cat", f"/sys/class/net/{dev}/address").strip()


# nat.md 34
def test_frames_from_the_lan(house):
    print(f"FRAMES_SEED={SEED}")
    h1 = house.h1
    h1.run("ping", "-c", "1", "-W", "10", LAN)
    gateway_mac = h1.run("ip", "neigh", "show", LAN).split()[4]
    with h1.frames("eth0") as sock:
        send(sock, random.Random(SEED),
             seeds(h1.ip, FAR, h1.mac, gateway_mac, LAN))
    assert_service(house)


# nat.md 34
def test_frames_from_the_wan(house):
    print(f"FRAMES_SEED={SEED}")
    with house.h1.udp(40000) as inside, house.isp.frames("street") as sock:
        inside.sendto(b"open", (FAR, 7000))
        send(sock, random.Random(SEED),
             seeds(ISP, WAN, mac_of(house.isp, "street"),
                   mac_of(house.gw, "gw0"), WAN))
    assert_service(house)


# nat.md 34
def test_nothing_leaked(house):
    """LeakSanitizer speaks at the end, by message and exit status."""
    assert house.stop_gateway(timeout=30) == 0, house.log()
    assert "LeakSanitizer" not in house.log()
