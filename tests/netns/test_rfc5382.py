"""RFC 5382 and 7857: what a NAT does to TCP, as both sides see it. Lines 14 to
18 of what the NAT must do; timers run under a fake clock in tests/unit."""
import contextlib
import socket

import pytest
from scapy.all import ICMP, IP, TCP

from house import FAR, ISP, WAN
from wire import Ear, connected, exchange, hush, mapping, send
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")


@pytest.fixture
def far(house):
    """A server out there."""
    with house.far.tcp(7100, FAR) as server:
        server.listen()
        yield server


def bound(machine, port, addr=""):
    """A socket on a port that others of the machine's use too."""
    sock = machine.socket(socket.SOCK_STREAM, 20)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((addr, port))
    return sock


# nat.md 14
def test_rfc5382_req1_endpoint_independent_mapping(house, far):
    """One outside port for all that leaves one inside port."""
    with bound(house.h1, 41000) as one, bound(house.h1, 41000) as two, \
            house.isp.tcp(7101, ISP) as isp:
        isp.listen()
        one.connect((FAR, 7100))
        two.connect((ISP, 7101))
        seen = []
        for server in far, isp:
            outside, peer = server.accept()
            outside.close()
            seen.append(peer)
        assert seen == [(WAN, 41000)] * 2


# nat.md 14
def test_rfc5382_req3_endpoint_independent_filtering(house, far):
    """Where one connection was opened from, any stranger may connect to."""
    with bound(house.h1, 41001) as listener, bound(house.h1, 41001) as opener:
        opener.connect((FAR, 7100))
        outside, peer = far.accept()
        listener.listen()
        for machine in house.isp, house.far:
            with machine.tcp() as stranger:
                stranger.connect(peer)
                inside, caller = listener.accept()
                assert caller == stranger.getsockname()
                with inside:
                    inside.settimeout(20)
                    exchange(stranger, inside)
        outside.close()


# nat.md 14, 2
def test_rfc5382_req7_two_hosts_on_one_port(house, far):
    with contextlib.ExitStack() as stack:
        ports = set()
        for host in house.h1, house.h2, house.h3:
            inside, outside, peer = connected(host, far, 41002)
            stack.enter_context(inside)
            stack.enter_context(outside)
            exchange(inside, outside, host.name.encode())
            ports.add(peer)
        assert len(ports) == 3 and (WAN, 41002) in ports


# nat.md 14
def test_rfc5382_req8_hairpin(house, far):
    """From other ports of the LAN, and from the same host."""
    with bound(house.h1, 41003) as listener, bound(house.h1, 41003) as opener:
        opener.connect((FAR, 7100))
        outside, peer = far.accept()
        listener.listen()
        for host in house.h2, house.h3, house.h1:
            with bound(host, 41004) as caller:
                caller.connect(peer)
                inside, source = listener.accept()
                assert source[0] == WAN
                with inside:
                    inside.settimeout(20)
                    exchange(caller, inside)
        outside.close()


def begin_connect(sock, peer):
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        sock.connect(peer)


def await_connect(sock):
    """Until it is connected; its error otherwise."""
    sock.settimeout(20)
    assert eventually(lambda: is_connected(sock) or error_of(sock))
    assert is_connected(sock), error_of(sock)


def is_connected(sock):
    with contextlib.suppress(OSError):
        return sock.getpeername()


def error_of(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


# nat.md 14, 15
def test_rfc5382_req2_simultaneous_open_of_a_held_syn(house):
    """The outside calls first and is neither answered nor refused; the inside
    calls the same one, and the two SYNs meet."""
    with bound(house.far, 7102, FAR) as outside, \
            bound(house.h1, 41005) as inside, \
            Ear(house.isp, "street") as street:
        begin_connect(outside, (WAN, 41005))
        assert not street.count(lambda p: p.src == WAN and TCP in p, 1)
        begin_connect(inside, (FAR, 7102))
        await_connect(inside)
        await_connect(outside)
        exchange(inside, outside)
        said = [street.wait(lambda p: p.src == WAN and TCP in p)
                for _ in range(2)]
    assert [p[TCP].flags for p in said][0] == "S"


# nat.md 15
def test_rfc5382_req4_unsolicited_syns_meet_silence(house):
    """For six seconds and ever after; the kernel does not answer either."""
    with Ear(house.isp, "street") as street:
        send(house.isp, *(IP(src=ISP, dst=WAN) / TCP(
            sport=7103, dport=port, seq=1) for port in (22, 80, 41999, 50000)))
        # But the gateway's own echo requests, which time the line.
        assert not street.count(lambda p: p.src == WAN and p.dst == ISP and
                                (ICMP not in p or p[ICMP].type != 8), 8)


# nat.md 15
def test_the_kernel_answers_where_the_owner_opened(house):
    house.cli("set", "wan.open=tcp:2222")
    with house.gw.tcp(2222) as listener, house.isp.tcp() as owner:
        listener.listen()
        owner.connect((WAN, 2222))
        own, _ = listener.accept()
        with own:
            exchange(owner, own)
    house.cli("set", "wan.open=")


# nat.md 16
def test_rfc7857_data_after_a_reset_goes_on(house, far):
    """A forged reset ends nothing: the connection's mapping outlives it."""
    inside, outside, peer = connected(house.h1, far, 41006)
    with inside, outside:
        exchange(inside, outside)
        # Out of every window: both hosts let it pass.
        send(house.isp, IP(src=FAR, dst=WAN) / TCP(
            sport=7100, dport=peer[1], flags="R", seq=1))
        exchange(inside, outside, b"after the reset")
        assert mapping(house, f"{house.h1.ip}:41006", "tcp")


# nat.md 17
def test_rfc5382_req9_icmp_tears_nothing_down(house, far):
    """Errors about a connection reach its host and end nothing here."""
    inside, outside, peer = connected(house.h1, far, 41007)
    with inside, outside, Ear(house.h1) as ear:
        exchange(inside, outside)
        about = IP(src=WAN, dst=FAR) / TCP(sport=peer[1], dport=7100, seq=7)
        for code in 1, 2, 3, 13:
            send(house.isp, IP(src=ISP, dst=WAN)
                 / ICMP(type=3, code=code) / about)
            ear.wait(lambda p: ICMP in p and p[ICMP].code == code)
        exchange(inside, outside, b"as if nothing were")


# nat.md 17
def test_rfc5382_an_outbound_reset_ends_no_mapping(house, far):
    """Its port stays with its host: who called before may call again."""
    inside, outside, peer = connected(house.h1, far, 41008)
    with outside:
        inside.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          b"\1\0\0\0\0\0\0\0")
        inside.close()
        with pytest.raises(ConnectionResetError):
            outside.recv(1)
    with bound(house.h1, 41008) as listener, house.isp.tcp() as stranger:
        listener.listen()
        stranger.connect(peer)
        again, _ = listener.accept()
        with again:
            again.settimeout(20)
            exchange(again, stranger)


# ---- line 18: a street whose frames are smaller than the LAN's

@pytest.fixture(scope="module")
def narrow(build_shared):
    house = build_shared([["h1"]])
    house.isp.run("ip", "link", "set", "street", "mtu", "1400")
    house.gw.run("ip", "link", "set", "gw0", "mtu", "1400")
    house.start_gateway()
    house.hand_out_leases()
    return house


def mss_of(packet):
    return dict(packet[TCP].options).get("MSS")


# nat.md 18
def test_mss_is_clamped_to_the_way_out(narrow):
    """Both ways, for neither end knows of the narrow street."""
    with narrow.far.tcp(7104, FAR) as server, Ear(narrow.far) as far, \
            Ear(narrow.h1) as h1, narrow.h1.tcp() as inside:
        server.listen()
        inside.connect((FAR, 7104))
        syn = far.wait(lambda p: TCP in p and p[TCP].flags == "S")
        answer = h1.wait(lambda p: TCP in p and p[TCP].flags == "SA")
        assert (mss_of(syn), mss_of(answer)) == (1360, 1360)
        outside, _ = server.accept()
        with outside:
            outside.settimeout(20)
            exchange(inside, outside, bytes(100000))


# nat.md 18
def test_a_small_mss_stays(narrow):
    hush(narrow.h1, "tcp dport 41009")
    with narrow.far.tcp(7105, FAR) as server, Ear(narrow.far) as far:
        server.listen()
        send(narrow.h1, IP(src=narrow.h1.ip, dst=FAR) / TCP(
            sport=41009, dport=7105, options=[("MSS", 536)]))
        syn = far.wait(lambda p: TCP in p and p[TCP].flags == "S")
        assert mss_of(syn) == 536


# ---- connections as they are

def test_tcp_ends_in_order(house, far):
    inside, outside, _ = connected(house.h1, far)
    with inside, outside:
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
        inside.connect((FAR, 7999))
    with house.h1.udp() as inside:
        inside.connect((FAR, 7999))
        inside.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            inside.recv(64)
