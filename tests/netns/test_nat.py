"""Full-cone NAT as the two sides see it."""
import contextlib
import errno
import socket

import pytest

from house import FAR, ISP, LAN, WAN

BIG = bytes(range(256)) * 32    # 8 KiB: six fragments


@pytest.fixture
def far(house):
    """A server out there."""
    with house.far.udp(7000, FAR) as server:
        yield server


def mapped(host, server, port=0):
    """A LAN socket that spoke to 'server', and how the outside knows it."""
    inside = host.udp(port)
    inside.sendto(b"open", server.getsockname())
    data, outside = server.recvfrom(2048)
    assert data == b"open"
    return inside, outside


def test_an_exchange_keeps_its_port(house, far):
    inside, outside = mapped(house.h1, far, 40000)
    with inside:
        assert outside == (WAN, 40000)
        far.sendto(b"answer", outside)
        assert inside.recvfrom(2048) == (b"answer", (FAR, 7000))


def test_one_mapping_serves_all_destinations(house, far):
    inside, outside = mapped(house.h1, far, 40001)
    with inside, house.isp.udp(7001, ISP) as isp:
        inside.sendto(b"open", (ISP, 7001))
        assert isp.recvfrom(2048) == (b"open", outside)


def test_strangers_reach_a_mapping(house, far):
    inside, outside = mapped(house.h1, far, 40002)
    with inside, house.isp.udp(7002, ISP) as stranger:
        stranger.sendto(b"hello", outside)
        assert inside.recvfrom(2048) == (b"hello", (ISP, 7002))


def test_hosts_meet_over_the_outside_address(house, far):
    """Hairpin, with the external source (RFC 4787 REQ-9), from another port
    of the LAN, from the same one, and from the same host."""
    inside, outside = mapped(house.h1, far, 40003)
    beside, beside_out = mapped(house.h2, far, 40004)
    for host in house.h1, house.h2, house.h3:
        other, other_out = mapped(host, far)
        with other:
            other.sendto(b"neighbour", outside)
            assert inside.recvfrom(2048) == (b"neighbour", other_out)
            inside.sendto(b"hello", other_out)
            assert other.recvfrom(2048) == (b"hello", outside)
            other.sendto(b"again", beside_out)
            assert beside.recvfrom(2048) == (b"again", other_out)
    inside.close()
    beside.close()


def test_two_hosts_may_use_one_source_port(house, far):
    one, one_out = mapped(house.h1, far, 40005)
    two, two_out = mapped(house.h2, far, 40005)
    with one, two:
        assert one_out == (WAN, 40005)
        assert two_out[0] == WAN and two_out[1] != 40005
        assert two_out[1] % 2 == 1, "parity is kept (RFC 4787 REQ-4)"
        far.sendto(b"one", one_out)
        far.sendto(b"two", two_out)
        assert one.recv(2048) == b"one"
        assert two.recv(2048) == b"two"


def test_two_hosts_may_use_one_source_port_over_tcp(house):
    with house.far.tcp(7100, FAR) as server, contextlib.ExitStack() as stack:
        server.listen()
        for host, word in (house.h1, b"one"), (house.h2, b"two"):
            inside = stack.enter_context(host.tcp(40006))
            inside.connect((FAR, 7100))
            outside, peer = server.accept()
            stack.enter_context(outside)
            assert peer[0] == WAN
            inside.sendall(word)
            assert outside.recv(16) == word
            outside.sendall(word[::-1])
            assert inside.recv(16) == word[::-1]


def test_tcp_ends_in_order(house):
    with house.far.tcp(7101, FAR) as server, house.h1.tcp() as inside:
        server.listen()
        inside.connect((FAR, 7101))
        outside, _ = server.accept()
        with outside:
            outside.sendall(b"last words")
            outside.shutdown(socket.SHUT_WR)
            assert inside.recv(64) == b"last words"
            assert inside.recv(64) == b""
            inside.sendall(b"reply")
            inside.shutdown(socket.SHUT_WR)
            assert outside.recv(64) == b"reply"
            assert outside.recv(64) == b""


def test_a_refusal_comes_back(house):
    with house.h1.tcp() as inside, pytest.raises(ConnectionRefusedError):
        inside.connect((FAR, 7102))
    with house.h1.udp() as inside:
        inside.connect((FAR, 7102))
        inside.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            inside.recv(64)


@pytest.mark.parametrize("target", [LAN, ISP, FAR, WAN])
def test_ping(house, target):
    house.h1.run("ping", "-c", "3", "-i", "0.2", "-W", "10", target)


def test_two_hosts_ping_at_once_and_with_much(house):
    for host in house.h1, house.h2:
        host.run("ping", "-c", "2", "-i", "0.2", "-W", "10", "-e", "77", FAR)
    house.h1.run("ping", "-c", "2", "-i", "0.2", "-W", "10", "-s", "1472", FAR)
    house.h1.run("ping", "-c", "2", "-i", "0.2", "-W", "10", "-s", "6000", FAR)


@pytest.mark.parametrize("kind", ["default", "icmp", "tcp"])
def test_traceroute_shows_every_hop(house, kind):
    said = house.h1.run("traceroute", "-n", "-M", kind, "-q", "1", "-w", "3",
                        "-m", "5", FAR)
    hops = [line.split()[1] for line in said.splitlines()[1:]]
    assert hops == [LAN, ISP, FAR]


def test_a_packet_that_ends_at_the_gateway_is_answered(house, far):
    """From outside too, by the WAN address (nat.md 23)."""
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


def test_fragments_reach_both_sides_and_the_gateway_itself(house, far):
    house.cli("set", "wan.open=udp:7777")
    inside, outside = mapped(house.h1, far)
    with inside, house.gw.udp(7777) as own:
        for _ in range(3):
            far.sendto(BIG, (WAN, 7777))
            data, source = own.recvfrom(65535)
            assert (data, source) == (BIG, (FAR, 7000))
            own.sendto(BIG, source)
            assert far.recvfrom(65535) == (BIG, (WAN, 7777))
            far.sendto(BIG, outside)
            assert inside.recvfrom(65535) == (BIG, (FAR, 7000))
            inside.sendto(BIG, (FAR, 7000))
            assert far.recvfrom(65535) == (BIG, outside)


def test_the_gateways_own_connections_work(house, far):
    with house.gw.udp() as own:
        own.sendto(b"own", (FAR, 7000))
        data, source = far.recvfrom(2048)
        assert data == b"own" and source[0] == WAN
        far.sendto(b"answer", source)
        assert own.recv(2048) == b"answer"
