"""IPv6 passes statefully and untranslated, closed by default (RFC 6092, RFC
4890): line 33 of what the NAT must do. Addresses and routes are set by hand on
both sides."""
import contextlib
import subprocess

import pytest
from scapy.all import (ICMPv6DestUnreach, ICMPv6EchoRequest,
                       ICMPv6PacketTooBig, ICMPv6TimeExceeded, IPv6, Raw, TCP,
                       UDP)

from lane import FACE
from wire import Ear, drops, exchange, send
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
LAN6, WAN6, ISP6 = "2001:db8:1::1", "2001:db8:f::2", "2001:db8:f::1"
UPLINK6, FAR6 = "2001:db8:2::1", "2001:db8:2::10"
H1, H2 = "2001:db8:1::a1", "2001:db8:1::a2"


def number(house):
    """By hand, and before the gateway starts."""
    house.gw.sh(f"ip addr add {LAN6}/64 dev gl0 nodad;"
                f"ip addr add {WAN6}/64 dev gw0 nodad;"
                f"ip route add default via {ISP6}")
    house.isp.sh("sysctl -qw net.ipv6.conf.all.forwarding=1;"
                 f"ip addr add {ISP6}/64 dev street nodad;"
                 f"ip addr add {UPLINK6}/64 dev uplink nodad;"
                 f"ip route add 2001:db8:1::/64 via {WAN6}")
    house.far.sh(f"ip addr add {FAR6}/64 dev eth0 nodad;"
                 f"ip route add default via {UPLINK6}")
    for host, address in (house.h1, H1), (house.h2, H2):
        host.sh(f"ip addr add {address}/64 dev eth0 nodad;"
                f"ip route add default via {LAN6}")


def pings(machine, target):
    return not machine.attempt("ping", "-6", "-c", "1", "-W", "2",
                               target).returncode


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1", "h2"]])
    number(house)
    house.start_gateway()
    assert eventually(lambda: pings(house.h1, FAR6)), house.log()
    assert eventually(lambda: pings(house.h2, FAR6)), house.log()
    return house


@pytest.fixture
def far(house):
    """A server out there."""
    with house.far.udp(7000, FAR6) as server:
        yield server


def opened(host, address, far, port):
    """A socket of the inside that spoke to far, by its own address."""
    inside = host.udp(port, address)
    inside.sendto(b"open", (FAR6, 7000))
    data, source = far.recvfrom(2048)
    assert (data, source[:2]) == (b"open", (address, port))
    return inside


# nat.md 33
def test_rfc6092_udp_goes_out_and_its_answers_come_in(house, far):
    for host, address in (house.h1, H1), (house.h2, H2):
        with opened(host, address, far, 43000) as inside:
            far.sendto(b"answer", (address, 43000))
            assert inside.recv(64) == b"answer"


# nat.md 33
def test_rfc6092_tcp_goes_out(house):
    with house.far.tcp(7100, FAR6) as server:
        server.listen()
        inside = house.h1.tcp(43001, H1)
        inside.connect((FAR6, 7100))
        outside, peer = server.accept()
        with inside, outside:
            outside.settimeout(20)
            assert peer[:2] == (H1, 43001)
            exchange(inside, outside, bytes(range(256)) * 400)


# nat.md 33
def test_rfc6092_the_inside_is_closed(house, far):
    """To strangers, who meet silence, and to other ports of who is known."""
    with opened(house.h1, H1, far, 43002) as inside, \
            house.h1.tcp(43003, H1) as listener, Ear(house.h1) as h1, \
            Ear(house.far) as out, house.far.udp(7001, FAR6) as other:
        listener.listen()
        before = drops(house, "wan_closed")
        other.sendto(b"knock", (H1, 43002))
        other.sendto(b"knock", (H1, 43004))
        send(house.far, IPv6(src=FAR6, dst=H1) / TCP(sport=7002, dport=43003))
        send(house.far, IPv6(src=FAR6, dst=H1) / TCP(sport=7002, dport=43003,
                                                     flags="A"))
        assert not h1.count(lambda p: p.src == FAR6, 1)
        assert not out.count(lambda p: p.src in (H1, WAN6) and TCP in p, 0.1)
        far.sendto(b"answer", (H1, 43002))
        assert inside.recv(64) == b"answer"
        assert sum(row["packets"] for row in house.ask("drops")) > before


# nat.md 33
def test_rfc4890_echo_requests_come_in(house):
    assert pings(house.far, H1)
    assert pings(house.isp, H2)


# nat.md 33
@pytest.mark.parametrize("error", [
    ICMPv6DestUnreach(code=1), ICMPv6PacketTooBig(mtu=1280),
    ICMPv6TimeExceeded(code=0)], ids=["unreachable", "too-big", "exceeded"])
def test_rfc4890_errors_about_sessions_come_in(house, far, error):
    """And about nothing else."""
    def about(port):
        return IPv6(src=H1, dst=FAR6) / UDP(sport=port, dport=7000) / b"open"

    def is_error(packet):
        return type(error) in packet

    with opened(house.h1, H1, far, 43005), Ear(house.h1) as ear:
        send(house.isp, IPv6(src=ISP6, dst=H1) / error / about(43005))
        heard = ear.wait(is_error)
        assert (heard.src, heard.dst) == (ISP6, H1)
        send(house.isp, IPv6(src=ISP6, dst=H1) / error / about(43006))
        assert not ear.count(is_error, 0.5)


# nat.md 33
def test_traceroute_shows_every_hop_both_ways(house):
    for machine, target, wanted in (
            (house.h1, FAR6, [LAN6, ISP6, FAR6]),
            (house.far, H1, [UPLINK6, WAN6, H1])):
        said = machine.run("traceroute", "-6", "-n", "-I", "-q", "1", "-w",
                           "10", "-m", "5", target)
        hops = [line.split()[1] for line in said.splitlines()[1:]]
        assert hops == wanted


# nat.md 33
def test_large_datagrams_pass_in_fragments(house, far):
    data = bytes(range(256)) * 32
    with opened(house.h1, H1, far, 43007) as inside:
        inside.sendto(data, (FAR6, 7000))
        assert far.recv(65535) == data
        far.sendto(data, (H1, 43007))
        assert inside.recv(65535) == data


# nat.md 33
def test_a_source_of_another_network_does_not_get_out(house):
    before = drops(house, "spoofed")
    with Ear(house.far) as ear:
        send(house.h1, IPv6(src="2001:db8:bad::1", dst=FAR6)
             / UDP(sport=43008, dport=7000) / b"not me")
        assert eventually(lambda: drops(house, "spoofed") > before)
        assert not ear.count(lambda p: p.src == "2001:db8:bad::1", 0.5)


# nat.md 33
def test_neighbours_and_the_gateway_are_reached_directly(house):
    assert pings(house.h1, H2)
    assert pings(house.h1, LAN6)


# nat.md 33
def test_path_mtu_discovery_behind_the_street(house, tmp_path):
    """The far side of the street is narrow: its router says so, and TCP goes
    on by what it said. (h1 was told of another width above.)"""
    house.isp.run("ip", "link", "set", "uplink", "mtu", "1300")
    try:
        found = house.h2.attempt("ping", "-6", "-M", "do", "-c", "1", "-W",
                                 "10", "-s", "1400", FAR6)
        assert "mtu=1300" in (found.stdout + found.stderr).replace(" ", "")
        with house.far.tcp(7101, FAR6) as server:
            server.listen()
            inside = house.h2.tcp(43009, H2)
            inside.connect((FAR6, 7101))
            outside, _ = server.accept()
            with inside, outside:
                outside.settimeout(20)
                exchange(inside, outside, bytes(100000))
    finally:
        house.isp.run("ip", "link", "set", "uplink", "mtu", "1500")


# nat.md 33
def test_a_street_narrower_than_the_lan(build):
    """The gateway itself says that a packet is too big."""
    house = build([["h1", "h2"]])
    house.isp.run("ip", "link", "set", "street", "mtu", "1400")
    house.gw.run("ip", "link", "set", "gw0", "mtu", "1400")
    number(house)
    house.start_gateway()
    assert eventually(lambda: pings(house.h1, FAR6)), house.log()
    with Ear(house.h1) as ear:
        send(house.h1, IPv6(src=H1, dst=FAR6) / UDP(sport=43010, dport=7000)
             / Raw(bytes(1440)))
        error = ear.wait(lambda p: ICMPv6PacketTooBig in p)
        assert error[ICMPv6PacketTooBig].mtu == 1400
        assert error.src == LAN6


# nat.md 33
def test_nothing_passes_before_the_gateway_and_after_it(build):
    """It is the engine that forwards, not the kernel."""
    house = build([["h1", "h2"]])
    number(house)
    house.start_gateway()
    assert eventually(lambda: pings(house.h1, FAR6)), house.log()
    house.stop_gateway(9)
    with Ear(house.far) as far, Ear(house.h1) as h1:
        with contextlib.suppress(OSError):
            send(house.h1, IPv6(src=H1, dst=FAR6)
                 / ICMPv6EchoRequest(id=7) / b"anybody?")
        send(house.far, IPv6(src=FAR6, dst=H1)
             / ICMPv6EchoRequest(id=7) / b"anybody?")
        assert not far.count(lambda p: p.src == H1, 1)
        assert not h1.count(lambda p: p.src == FAR6, 0.1)


# ---- the express lane

def test_a_ping_takes_the_lane(build, carrier):
    house = build([["h1", "h2"]], express={"after_packets": 8})
    number(house)
    house.start_gateway()
    assert eventually(lambda: pings(house.h1, FAR6)), house.log()
    count = 12
    child = house.h1.spawn("ping", "-6", "-n", "-i", "0.5", "-c", str(count),
                           "-e", "4711", FAR6, stdout=subprocess.PIPE,
                           text=True)

    def rows():
        return [flow for flow in house.ask("flows")
                if flow["inside"] == f"[{H1}]:4711"]

    assert eventually(lambda: [row for row in rows()
                               if row["carried_by"] == FACE[carrier]], 10), \
        house.ask("flows")
    said, _ = child.communicate(timeout=60)
    assert f"{count} received" in said
    assert eventually(lambda: {(row["tx_packets"], row["rx_packets"])
                               for row in rows()} == {(count, count)}), rows()
