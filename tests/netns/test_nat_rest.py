"""What the NAT must do beyond the RFCs of UDP, TCP and ICMP: lines 24 to 30
and 34, as both sides see them."""
import socket

import pytest
from scapy.all import GRE, IP, SCTP, UDP, Ether, Raw, SCTPChunkData

from house import FAR, ISP, WAN
from wire import Ear, exchange, hush, mapped, mapping, send, udp_flood

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
SO_NO_CHECK = 11


@pytest.fixture
def far(house):
    """A server out there."""
    with house.far.udp(7000, FAR) as server:
        yield server


# nat.md 24
def test_rfc768_no_checksum_stays_none(house, far):
    inside, outside = mapped(house.h1, far, 44000)
    with inside, Ear(house.h1) as h1, Ear(house.far) as out:
        for sock, peer, ear, source in (
                (far, outside, h1, FAR), (inside, (FAR, 7000), out, WAN)):
            sock.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
            sock.sendto(b"unchecked", peer)
            heard = ear.wait(lambda p: UDP in p and p.src == source)
            assert heard[UDP].chksum == 0
            sock.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 0)


# nat.md 24
def test_rfc768_zero_is_sent_as_ones(house, far):
    """Of 65,536 payloads one makes the sum come out as zero after the address
    was written: that one is sent as 0xffff."""
    with Ear(house.far) as ear:
        translated = IP(src=WAN, dst=FAR) / UDP(sport=44001, dport=7000)
        payload = zero_sum_payload(translated)
        send(house.h1, IP(src=house.h1.ip, dst=FAR)
             / UDP(sport=44001, dport=7000) / payload)
        heard = ear.wait(lambda p: UDP in p and p[UDP].sport == 44001)
        assert heard[UDP].chksum == 0xffff
    assert far.recv(64) == payload


def zero_sum_payload(packet):
    """Two bytes that make the UDP checksum 0xffff, which means zero."""
    trial = IP(bytes(packet / b"\0\0"))
    return trial[UDP].chksum.to_bytes(2, "big")


# nat.md 24
def test_rfc1624_a_wrong_checksum_stays_wrong(house, far):
    """The NAT neither mends nor hides what was broken before it."""
    inside, outside = mapped(house.h1, far, 44002)
    with inside, Ear(house.far) as ear:
        send(house.h1, IP(src=house.h1.ip, dst=FAR) / UDP(
            sport=44002, dport=7000, chksum=0x1234) / b"broken")
        heard = ear.wait(lambda p: UDP in p and bytes(p[Raw]) == b"broken")
        right = IP(bytes(IP(src=WAN, dst=FAR) / UDP(
            sport=44002, dport=7000) / b"broken"))
        assert heard[UDP].chksum not in (0, right[UDP].chksum)


# nat.md 25
def test_rfc6056_ports_that_are_not_kept_are_unpredictable(house, far):
    """h1 has the numbers; what h2 gets instead follows no step."""
    got = []
    for n in range(12):
        one, _ = mapped(house.h1, far, 44100 + n)
        two, outside = mapped(house.h2, far, 44100 + n)
        one.close()
        two.close()
        got.append(outside[1])
    steps = [b - a for a, b in zip(got, got[1:])]
    assert len(set(got)) == len(got)
    assert len(set(steps)) > len(steps) // 2, got
    assert max(got) - min(got) > 4096, got


# nat.md 26
def test_one_host_cannot_take_more_than_its_share(house, far):
    """Over it, its own oldest goes; what others have stays, and what it
    opened last works."""
    house.cli("set", "nat.limits.host_sessions=200")
    hush(house.far, "udp dport 9")
    beside, beside_out = mapped(house.h2, far, 44200)
    with beside:
        udp_flood(house.h1, FAR, range(20000, 22000))
        rows = [row for row in house.ask("flows")
                if row["inside"].startswith(house.h1.ip + ":")]
        assert 0 < len(rows) <= 200
        last, _ = mapped(house.h1, far, 44201)
        last.close()
        far.sendto(b"untouched", beside_out)
        assert beside.recv(64) == b"untouched"
    house.cli("set", "nat.limits.host_sessions=")


# ---- line 28: protocols without ports

def chunks(word):
    return SCTP(sport=7, dport=7, tag=1) / SCTPChunkData(data=word)


OTHERS = {"gre": (47, lambda word: GRE(proto=0x0800) / IP(
              src="192.0.2.1", dst="192.0.2.2", proto=253) / word),
          "esp": (50, lambda word: Raw(b"\0\0\1\0\0\0\0\1" + word)),
          "sctp": (132, chunks), "other": (253, Raw)}


# nat.md 28
@pytest.mark.parametrize("kind", OTHERS)
def test_protocols_without_ports(house, kind):
    """One inside host per remote; a second remote serves a second host."""
    proto, make = OTHERS[kind]

    def speak(machine, target, word):
        source = {house.far: FAR, house.isp: ISP}.get(machine)
        send(machine, IP(src=source or machine.ip, dst=target, proto=proto)
             / make(word))

    def says(word):
        return lambda p: IP in p and p.proto == proto \
            and word in bytes(p.payload)

    with Ear(house.far) as far, Ear(house.isp, "street") as isp, \
            Ear(house.h1) as h1, Ear(house.h2) as h2:
        for host, ear, server, heard_by, address in (
                (house.h1, h1, house.far, far, FAR),
                (house.h2, h2, house.isp, isp, ISP)):
            word = b"from " + host.name.encode()
            speak(host, address, word)
            assert heard_by.wait(says(word)).src == WAN
            speak(server, WAN, b"to " + word)
            assert ear.wait(says(b"to " + word)).dst == host.ip
        speak(house.h2, FAR, b"me too")
        assert not far.count(says(b"me too"), 0.5)


# ---- line 29: forwards

@pytest.fixture
def forwards(house):
    yield lambda *rows: house.cli("set", "nat.forwards=" + ",".join(rows))
    house.cli("set", "nat.forwards=")


# nat.md 29
def test_a_forward_reaches_its_host(house, forwards):
    """From outside, and from within by the outside address."""
    forwards(f"tcp:8443={house.h1.ip}:443", f"udp:8444={house.h2.ip}:444")
    with house.h1.tcp(443) as server, house.h2.udp(444) as listener:
        server.listen()
        for machine in house.far, house.isp, house.h2, house.h3, house.h1:
            with machine.tcp() as caller, machine.udp() as sender:
                caller.connect((WAN, 8443))
                inside, _ = server.accept()
                with inside:
                    inside.settimeout(20)
                    exchange(caller, inside)
                sender.sendto(b"hello", (WAN, 8444))
                data, source = listener.recvfrom(64)
                listener.sendto(data[::-1], source)
                assert sender.recvfrom(64) == (b"olleh", (WAN, 8444))


# nat.md 29
def test_a_forwards_port_is_not_handed_out(house, far, forwards):
    """Nor is it stolen from who has it, and it lives while nobody calls."""
    forwards(f"udp:44300={house.h1.ip}:44300")
    for host in house.h2, house.h3:
        inside, outside = mapped(host, far, 44300)
        inside.close()
        assert outside[1] != 44300
    row = mapping(house, f"{house.h1.ip}:44300")
    assert row["static"] is True
    with house.h1.udp(44300) as inside:
        far.sendto(b"hello", (WAN, 44300))
        assert inside.recv(64) == b"hello"


# nat.md 29
def test_a_forward_that_goes_leaves_its_flows(house, forwards):
    """Taken back, it is a mapping like any other; its caller stays."""
    forwards(f"tcp:8445={house.h1.ip}:445")
    with house.h1.tcp(445) as server, house.far.tcp() as caller:
        server.listen()
        caller.connect((WAN, 8445))
        inside, _ = server.accept()
        with inside:
            inside.settimeout(20)
            forwards()
            exchange(caller, inside)


# ---- line 30: the gateway's own sockets (more in test_own_sockets.py)

# nat.md 30
def test_the_gateways_own_connections_work(house, far):
    with house.gw.udp() as own:
        own.sendto(b"own", (FAR, 7000))
        data, source = far.recvfrom(2048)
        assert data == b"own" and source[0] == WAN
        far.sendto(b"answer", source)
        assert own.recv(2048) == b"answer"


NOBODY = [WAN, "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1",
          "240.0.0.1", "10.77.0.1", "10.77.0.77"]


# nat.md 34
@pytest.mark.parametrize("source", NOBODY)
def test_land_and_martians_do_no_harm(house, far, source):
    """From oneself, from nobody, from everybody: to a mapping."""
    inside, outside = mapped(house.h1, far, 44400)
    with inside, Ear(house.h1) as ear, house.isp.frames("street") as street:
        gateway = house.gw.run("cat", "/sys/class/net/gw0/address").strip()
        street.send(bytes(Ether(dst=gateway) / IP(src=source, dst=WAN)
                          / UDP(sport=7, dport=outside[1]) / b"bad"))
        assert not ear.count(lambda p: b"bad" in bytes(p), 0.5)
        far.sendto(b"still here", outside)
        assert inside.recv(64) == b"still here"


# nat.md 34
def test_headers_that_lie_do_no_harm(house, far):
    """Port nought, lengths of more and of less than there is."""
    inside, outside = mapped(house.h1, far, 44401)
    to = IP(src=ISP, dst=WAN)
    with inside, Ear(house.h1) as ear:
        send(house.isp, to / UDP(sport=7, dport=0) / b"bad",
             to / UDP(sport=7, dport=outside[1], len=4) / b"bad",
             to / UDP(sport=7, dport=outside[1], len=900) / b"bad",
             IP(src=ISP, dst=WAN, proto=6) / b"bad",
             IP(src=ISP, dst=WAN, proto=1) / b"bad")
        assert not ear.count(lambda p: b"bad" in bytes(p), 0.5)
        far.sendto(b"still here", outside)
        assert inside.recv(64) == b"still here"
    assert house.gateway.poll() is None
