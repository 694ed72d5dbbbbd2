"""RFC 5508: what a NAT does to ICMP, as both sides see it. Lines 19 to 23 of
what the NAT must do."""
import errno
import socket

import pytest
from scapy.all import ICMP, IP, TCP, UDP, IPOption_RR

from house import FAR, ISP, LAN, WAN
from wire import Ear, drops, hush, mapped, mapping, send, udp_flood
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")


@pytest.fixture
def far(house):
    """A server out there."""
    with house.far.udp(7000, FAR) as server:
        yield server


def echo(host, target, ident):
    return IP(src=host.ip, dst=target) / ICMP(id=ident, seq=7) / b"anybody?"


def is_echo(packet):
    return ICMP in packet and packet[ICMP].type == 8


# nat.md 19
def test_rfc5508_req1_query_mapping_is_endpoint_independent(house):
    with Ear(house.far) as far, Ear(house.isp, "street") as isp, \
            Ear(house.h1) as h1:
        send(house.h1, echo(house.h1, FAR, 5000), echo(house.h1, ISP, 5000))
        idents = {ear.wait(is_echo)[ICMP].id for ear in (far, isp)}
        assert len(idents) == 1
        for _ in range(2):
            answer = h1.wait(lambda p: ICMP in p and p[ICMP].type == 0)
            assert (answer[ICMP].id, answer[ICMP].seq) == (5000, 7)
            assert answer.dst == house.h1.ip


# nat.md 19
def test_rfc5508_req1_two_hosts_with_one_identifier(house):
    with Ear(house.far) as far, Ear(house.h1) as h1, Ear(house.h2) as h2:
        for host in house.h1, house.h2:
            send(host, echo(host, FAR, 5001))
        assert len({far.wait(is_echo)[ICMP].id for _ in range(2)}) == 2
        for host, ear in (house.h1, h1), (house.h2, h2):
            answer = ear.wait(lambda p: ICMP in p and p[ICMP].type == 0)
            assert answer[ICMP].id == 5001 and answer.dst == host.ip


ERRORS = {"unreachable": dict(type=3, code=1),
          "too-big": dict(type=3, code=4, nexthopmtu=576),
          "exceeded": dict(type=11, code=0), "parameter": dict(type=12)}


# nat.md 20
@pytest.mark.parametrize("kind", ERRORS)
def test_rfc5508_req4_errors_from_outside(house, far, kind):
    """From a router that is nobody's peer; the embedded packet is the one
    that the inside sent, though its own checksum is wrong and cut off."""
    inside, outside = mapped(house.h1, far, 42000)
    about = IP(src=WAN, dst=FAR, options=[IPOption_RR()]) / UDP(
        sport=outside[1], dport=7000, chksum=0x1234) / b"open"
    with inside, Ear(house.h1) as ear:
        send(house.isp, IP(src=ISP, dst=WAN) / ICMP(**ERRORS[kind]) / about)
        error = ear.wait(lambda p: ICMP in p and p.dst == house.h1.ip)
    assert error.src == ISP
    assert (error[ICMP].type, error[ICMP].code) == (
        ERRORS[kind]["type"], ERRORS[kind].get("code", 0))
    assert is_checksum_right(error)
    quoted = error[ICMP].payload
    assert (quoted.src, quoted.dst) == (house.h1.ip, FAR)
    assert (quoted.sport, quoted.dport) == (42000, 7000)
    assert is_checksum_right(quoted.copy(), within=False)


def is_checksum_right(packet, within=True):
    """Of the IP header and, where asked for, of the ICMP message."""
    again = packet.copy()
    said = again.chksum, again[ICMP].chksum if within else 0
    del again.chksum
    if within:
        del again[ICMP].chksum
    again = IP(bytes(again))
    return said == (again.chksum, again[ICMP].chksum if within else 0)


# nat.md 20
@pytest.mark.parametrize("kind", ERRORS)
def test_rfc5508_req5_errors_from_inside(house, far, kind):
    """What a host complains of is what the outside had sent."""
    inside, outside = mapped(house.h2, far, 42001)
    about = IP(src=FAR, dst=house.h2.ip) / UDP(sport=7000, dport=42001) / b"x"
    with inside, Ear(house.far) as ear:
        send(house.h2, IP(src=house.h2.ip, dst=FAR)
             / ICMP(**ERRORS[kind]) / about)
        error = ear.wait(lambda p: ICMP in p and p[ICMP].type
                         == ERRORS[kind]["type"])
    assert error.src == WAN and is_checksum_right(error)
    quoted = error[ICMP].payload
    assert (quoted.src, quoted.dst) == (FAR, WAN)
    assert (quoted.sport, quoted.dport) == (7000, outside[1])


# nat.md 20
def test_rfc5508_req3_a_bad_checksum_is_dropped(house, far):
    inside, outside = mapped(house.h1, far, 42002)
    about = IP(src=WAN, dst=FAR) / UDP(sport=outside[1], dport=7000) / b"open"
    before = drops(house, "bad_checksum")
    with inside, Ear(house.h1) as ear:
        send(house.isp, IP(src=ISP, dst=WAN)
             / ICMP(type=3, code=1, chksum=0xdead) / about)
        assert eventually(lambda: drops(house, "bad_checksum") == before + 1)
        assert not ear.count(lambda p: ICMP in p, 0.5)


# nat.md 20
def test_errors_about_nothing_of_ours_end_at_the_gate(house):
    """A stranger makes up a connection that nobody has."""
    about = IP(src=WAN, dst=FAR) / TCP(sport=42003, dport=80, seq=7)
    with Ear(house.h1) as h1, Ear(house.h2) as h2:
        send(house.isp, IP(src=ISP, dst=WAN) / ICMP(type=3, code=1) / about)
        assert not h1.count(lambda p: ICMP in p, 0.5)
        assert not h2.count(lambda p: ICMP in p, 0.5)


# nat.md 21
def test_rfc5508_req7_hairpinned_errors(house, far):
    """A host that hangs up says so by the outside address too."""
    inside, outside = mapped(house.h1, far, 42004)
    inside.close()
    with house.h2.udp() as caller:
        caller.connect(outside)
        caller.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            caller.recv(64)


# nat.md 21
def test_rfc5508_req10_errors_keep_nothing_alive(house, far):
    """Neither side's errors count as use of the mapping."""
    inside, outside = mapped(house.h1, far, 42005)
    about = IP(src=WAN, dst=FAR) / UDP(sport=outside[1], dport=7000) / b"x"
    back = IP(src=FAR, dst=house.h1.ip) / UDP(sport=7000, dport=42005) / b"x"

    def idle_ms():
        return mapping(house, f"{house.h1.ip}:42005")["idle_ms"]

    with inside, Ear(house.h1) as h1, Ear(house.far) as out:
        assert eventually(lambda: idle_ms() >= 1000)
        send(house.isp, IP(src=ISP, dst=WAN) / ICMP(type=3, code=1) / about)
        h1.wait(lambda p: ICMP in p)
        send(house.h1, IP(src=house.h1.ip, dst=FAR)
             / ICMP(type=3, code=3) / back)
        out.wait(lambda p: ICMP in p)
        assert idle_ms() >= 1000


# nat.md 22
def test_rfc5508_req8_who_finds_no_port_is_told(build):
    """One host, with the owner's leave, has taken every port of UDP: it is
    told (type 3, code 13), it is counted, and what the others have stays."""
    house = build([["h1"], ["h2"]])
    house.start_gateway()
    house.hand_out_leases()
    house.cli("set", "nat.limits.host_sessions=262144")
    hush(house.far, "udp dport 9")
    with house.far.udp(7000, FAR) as far, Ear(house.h1) as ear:
        beside, outside = mapped(house.h2, far, 42006)
        assert eventually(lambda: no_port_is_left(house), 120)
        error = ear.wait(lambda p: ICMP in p and p[ICMP].type == 3)
        assert error[ICMP].code == 13
        assert error[ICMP].payload.src == house.h1.ip
        beside.sendto(b"untouched", (FAR, 7000))
        assert far.recvfrom(64) == (b"untouched", outside)
        far.sendto(b"likewise", outside)
        assert beside.recvfrom(64) == (b"likewise", (FAR, 7000))
        house.h2.run("ping", "-c", "1", "-W", "10", FAR)
        beside.close()


def no_port_is_left(house):
    """h1 sends from every port it has; frames may get lost, so again."""
    udp_flood(house.h1, FAR, range(1, 65536))
    return drops(house, "no_port")


# nat.md 23
def test_traceroute_shows_every_hop_outbound(house):
    for kind in "default", "icmp", "tcp":
        said = house.h1.run("traceroute", "-n", "-M", kind, "-q", "1",
                            "-w", "10", "-m", "5", FAR)
        assert hops(said) == [LAN, ISP, FAR], kind


def hops(said):
    return [line.split()[1] for line in said.splitlines()[1:]]


# nat.md 23
def test_traceroute_shows_every_hop_inbound(house, far):
    """From outside to a mapping: the gateway is a hop, and so is its host,
    by the name that the outside has for it."""
    inside, outside = mapped(house.h1, far, 42008)
    inside.close()
    said = house.far.run("traceroute", "-n", "-U", "-p", outside[1], "-q", "1",
                         "-w", "10", "-m", "5", WAN)
    assert hops(said) == ["198.51.100.1", WAN, WAN]


# nat.md 23
def test_a_packet_that_ends_at_the_gateway(house, far):
    """Out of breath, it is answered by the WAN address and goes nowhere."""
    inside, outside = mapped(house.h1, far)
    with inside, house.isp.udp() as stranger:
        IP_RECVERR = 11
        stranger.setsockopt(socket.SOL_IP, IP_RECVERR, 1)
        stranger.setsockopt(socket.SOL_IP, socket.IP_TTL, 1)
        stranger.connect(outside)
        stranger.send(b"short of breath")
        with pytest.raises(OSError) as caught:
            stranger.recv(64)
        assert caught.value.errno == errno.EHOSTUNREACH
        stranger.setsockopt(socket.SOL_IP, socket.IP_TTL, 2)
        stranger.send(b"just enough")
        assert inside.recv(64) == b"just enough"


@pytest.mark.parametrize("target", [LAN, ISP, FAR, WAN])
def test_ping(house, target):
    house.h1.run("ping", "-c", "3", "-i", "0.2", "-W", "10", target)


def test_two_hosts_ping_at_once_and_with_much(house):
    for host in house.h1, house.h2:
        host.run("ping", "-c", "2", "-i", "0.2", "-W", "10", "-e", "77", FAR)
    for size in "1472", "6000":
        house.h1.run("ping", "-c", "2", "-i", "0.2", "-W", "10",
                     "-s", size, FAR)
