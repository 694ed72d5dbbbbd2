"""RFC 4787: what a NAT does to UDP, as both sides see it. Lines 1 to 13 of
what the NAT must do (scripts/nat-lines); timers run under a fake clock in
tests/unit."""
import pytest
from scapy.all import ICMP, IP, UDP, Raw, fragment

from house import FAR, ISP, WAN
from wire import Ear, drops, mapped, send
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
BIG = bytes(range(256)) * 32    # 8 KiB: six fragments


@pytest.fixture
def far(house):
    """A server out there."""
    with house.far.udp(7000, FAR) as server:
        yield server


# nat.md 1
def test_rfc4787_req1_endpoint_independent_mapping(house, far):
    inside, outside = mapped(house.h1, far, 40001)
    with inside, house.isp.udp(7001, ISP) as isp, \
            house.far.udp(7002, FAR) as other:
        assert outside == (WAN, 40001)
        for server in isp, other:
            inside.sendto(b"open", server.getsockname())
            assert server.recvfrom(2048) == (b"open", outside)
            server.sendto(b"answer", outside)
            assert inside.recvfrom(2048) == (b"answer", server.getsockname())


# nat.md 2
def test_rfc4787_req3_two_hosts_on_one_port_to_one_remote(house, far):
    one, one_out = mapped(house.h1, far, 40005)
    two, two_out = mapped(house.h2, far, 40005)
    with one, two:
        assert one_out == (WAN, 40005)
        assert two_out[0] == WAN and two_out[1] != 40005
        for inside, outside in (one, one_out), (two, two_out):
            far.sendto(b"%d" % outside[1], outside)
            assert inside.recv(2048) == b"%d" % outside[1]


# nat.md 2
@pytest.mark.parametrize("port, low", [(600, True), (50001, False)])
def test_rfc4787_req3_classes_are_kept(house, far, port, low):
    """Below 1024 stays below; whoever has the number itself."""
    sockets = [mapped(host, far, port)
               for host in (house.h1, house.h2, house.h3)]
    ports = [outside[1] for _, outside in sockets]
    for inside, _ in sockets:
        inside.close()
    assert ports[0] == port and len(set(ports)) == 3
    assert all((found < 1024) == low for found in ports), ports


# nat.md 3
@pytest.mark.parametrize("port", [40100, 40101])
def test_rfc4787_req4_parity(house, far, port):
    for host in house.h1, house.h2, house.h3:
        inside, outside = mapped(host, far, port)
        inside.close()
        assert outside[1] % 2 == port % 2


# nat.md 7
def test_rfc4787_req8_endpoint_independent_filtering(house, far):
    inside, outside = mapped(house.h1, far, 40002)
    with inside, house.isp.udp(7003, ISP) as stranger, \
            house.far.udp(7004, FAR) as other_port:
        for caller in stranger, other_port:
            caller.sendto(b"hello", outside)
            assert inside.recvfrom(2048) == (b"hello", caller.getsockname())


# nat.md 8
def test_rfc4787_req9_hairpin(house, far):
    """With the external source, from another port of the LAN, from the same
    one, and from the same host."""
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


# nat.md 9
def test_rfc4787_req10_payload_is_nobodys_business(house, far):
    """What gateways with an ALG would rewrite: FTP, SIP, addresses as bytes."""
    said = [
        f"PORT {house.h1.ip.replace('.', ',')},156,64\r\n".encode(),
        (f"INVITE sip:far@{FAR} SIP/2.0\r\nVia: SIP/2.0/UDP {house.h1.ip}:5060"
         f"\r\nContact: <sip:h1@{house.h1.ip}:5060>\r\n\r\n").encode(),
        bytes(map(int, house.h1.ip.split("."))) * 8,
        bytes(map(int, WAN.split("."))) * 8,
    ]
    for port in 5060, 40006:
        inside, outside = mapped(house.h1, far, port)
        with inside:
            for data in said:
                inside.sendto(data, (FAR, 7000))
                assert far.recv(2048) == data
                far.sendto(data, outside)
                assert inside.recv(2048) == data


# nat.md 10
def test_rfc4787_req11_the_same_under_collision(house, far):
    """Who collided keeps its mapping, however many others it speaks to."""
    pairs = [mapped(host, far, 40300) for host in (house.h1, house.h2)]
    for n in range(20):
        with house.far.udp(7100 + n, FAR) as other:
            for inside, outside in pairs:
                inside.sendto(b"open", (FAR, 7100 + n))
                assert other.recvfrom(2048) == (b"open", outside)
    for inside, _ in pairs:
        inside.close()


# nat.md 11
def test_rfc4787_req12_icmp_ends_no_mapping(house, far):
    inside, outside = mapped(house.h1, far, 40007)
    about = IP(src=WAN, dst=FAR) / UDP(sport=outside[1], dport=7000) / b"open"
    with inside:
        for kind, codes in (3, range(16)), (11, range(2)), (12, range(3)):
            send(house.isp, *(IP(src=ISP, dst=WAN) / ICMP(
                type=kind, code=code, nexthopmtu=576) / about
                for code in codes))
        far.sendto(b"still there?", outside)
        assert inside.recv(2048) == b"still there?"
        inside.sendto(b"yes", (FAR, 7000))
        assert far.recvfrom(2048) == (b"yes", outside)


# ---- line 12: a street whose frames are smaller than the LAN's

@pytest.fixture(scope="module")
def narrow(build_shared):
    house = build_shared([["h1"]])
    house.isp.run("ip", "link", "set", "street", "mtu", "1400")
    house.gw.run("ip", "link", "set", "gw0", "mtu", "1400")
    house.start_gateway()
    house.hand_out_leases()
    return house


def datagram(house, flags, size=1472):
    return IP(src=house.h1.ip, dst=FAR, flags=flags, id=4711) / UDP(
        sport=40400, dport=7000) / Raw(bytes(n % 251 for n in range(size)))


# nat.md 12
def test_rfc4787_req13_too_large_and_not_to_be_cut(narrow):
    with Ear(narrow.h1) as ear, Ear(narrow.far) as far:
        send(narrow.h1, datagram(narrow, "DF"))
        error = ear.wait(lambda p: ICMP in p and p[ICMP].type == 3)
        assert (error[ICMP].code, error[ICMP].nexthopmtu) == (4, 1400)
        about = error[ICMP].payload
        assert (about.src, about.dst) == (narrow.h1.ip, FAR)
        assert not far.count(lambda p: p.src == WAN, 0.5)


# nat.md 12
def test_rfc4787_req13_too_large_is_cut_in_order(narrow):
    sent = datagram(narrow, 0)
    with narrow.far.udp(7000, FAR) as far, \
            Ear(narrow.isp, "street") as street:
        send(narrow.h1, sent)
        pieces = [street.wait(lambda p: p.src == narrow_source(p))
                  for _ in range(2)]
        assert far.recv(65535) == bytes(sent[Raw])
    assert [piece.frag for piece in pieces] == [0, pieces[0].len // 8 - 20 // 8]
    assert all(piece.len <= 1400 for piece in pieces)


def narrow_source(packet):
    """The WAN's packets that are a fragment, and nobody's otherwise."""
    return WAN if packet.flags.MF or packet.frag else None


# nat.md 12
def test_rfc4787_req13_path_mtu_discovery_works(narrow, tmp_path):
    """What real programs make of it: a path of 1400 is found."""
    found = narrow.h1.attempt("ping", "-M", "do", "-c", "1", "-W", "10",
                              "-s", "1472", FAR)
    assert "mtu = 1400" in found.stdout + found.stderr
    narrow.h1.run("ping", "-M", "do", "-c", "1", "-W", "10", "-s", "1372", FAR)
    (tmp_path / "file").write_bytes(bytes(4 << 20))
    narrow.serve_web(tmp_path)
    said = narrow.h1.run("curl", "-sS", "-w", "%{size_download}", "-o",
                         "/dev/null", f"http://{FAR}/file")
    assert int(said) == 4 << 20


# ---- line 13: fragments

def pieces(source, sport, target, dport, ident, size=3000):
    whole = IP(src=source, dst=target, id=ident) / UDP(
        sport=sport, dport=dport) / Raw(bytes(n % 253 for n in range(size)))
    return fragment(IP(bytes(whole)), 1000), bytes(whole[Raw])


# nat.md 13
def test_rfc4787_req14_large_datagrams_both_ways(house, far):
    house.cli("set", "wan.open=udp:7777")
    inside, outside = mapped(house.h1, far)
    with inside, house.gw.udp(7777) as own:
        for _ in range(3):
            far.sendto(BIG, (WAN, 7777))
            assert own.recvfrom(65535) == (BIG, (FAR, 7000))
            own.sendto(BIG, (FAR, 7000))
            assert far.recvfrom(65535) == (BIG, (WAN, 7777))
            far.sendto(BIG, outside)
            assert inside.recvfrom(65535) == (BIG, (FAR, 7000))
            inside.sendto(BIG, (FAR, 7000))
            assert far.recvfrom(65535) == (BIG, outside)


ORDERS = {"in_order": [0, 1, 2, 3], "reversed": [3, 2, 1, 0],
          "first_last": [1, 2, 3, 0], "shuffled": [2, 0, 3, 1]}


# nat.md 13
@pytest.mark.parametrize("order", ORDERS)
def test_rfc4787_req14_out_of_order_fragments(house, far, order):
    inside, outside = mapped(house.h1, far, 40500)
    with inside:
        parts, data = pieces(house.h1.ip, 40500, FAR, 7000, 100)
        send(house.h1, *(parts[n] for n in ORDERS[order]))
        assert far.recvfrom(65535) == (data, outside)
        parts, data = pieces(ISP, 7005, WAN, outside[1], 101)
        send(house.isp, *(parts[n] for n in ORDERS[order]))
        assert inside.recvfrom(65535) == (data, (ISP, 7005))


# nat.md 13
def test_rfc4787_req14_a_flood_hurts_its_source_alone(house, far):
    """Fragments whose first never comes fill no more than their host's share
    of the pool: another host's come through, late ones too."""
    inside, outside = mapped(house.h2, far, 40501)
    flood = [pieces(house.h1.ip, 40502, FAR, 7000, 1000 + n)[0][1]
             for n in range(2000)]
    with inside:
        send(house.h1, *flood)
        for ident in range(5):
            parts, data = pieces(house.h2.ip, 40501, FAR, 7000, ident + 1)
            send(house.h2, *reversed(parts))
            assert far.recvfrom(65535) == (data, outside)
    assert eventually(lambda: drops(house, "frag_pool") > 0)


# nat.md 13
def test_rfc4787_req14_a_flood_from_outside_is_bounded(house, far):
    """A stranger's fragments to the WAN, likewise."""
    inside, outside = mapped(house.h1, far, 40503)
    flood = [pieces(ISP, 9, WAN, 40503, 2000 + n)[0][1] for n in range(2000)]
    with inside:
        send(house.isp, *flood)
        for ident in range(5):
            parts, data = pieces(FAR, 7000, WAN, 40503, ident + 1)
            send(house.far, *reversed(parts))
            assert inside.recvfrom(65535) == (data, (FAR, 7000))
            inside.sendto(b"small", (FAR, 7000))
            assert far.recvfrom(65535) == (b"small", outside)
