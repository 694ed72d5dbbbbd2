"""What flows are called: by DNS, by TLS, by QUIC; how far and where remotes
are."""
import contextlib
import json
import shutil
import socket
import struct
import threading
import time

import pytest
from scapy.all import IP, TCP

import mmdb
from again import AGAIN
from hellos import client_hello, quic
from house import FAR, LAN
from resolvers import Resolver, make_certificates, question
from wire import Ear, hush, send
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
SLOW = 7303     # a port of far that answers when it likes
DELAY_S = 0.5


def reply(message):
    """Every name is a CNAME of a CNAME of what has FAR's address."""
    _, kind, end = question(message)
    chain = b""
    if kind == 1:
        chain = struct.pack("!HHHIH", 0xc00c, 5, 1, 60, 6) + b"\3edg\xc0\x0c"
        at = end + 12   # the name of the first
        chain += struct.pack("!HHHIH", 0xc000 | at, 5, 1, 60, 6) \
            + b"\3cdn\xc0\x0c"
        chain += struct.pack("!HHHIH", 0xc000 | (at + 18), 1, 1, 60, 4) \
            + socket.inet_aton(FAR)
    return message[:2] + struct.pack("!HHHHH", 0x8180, 1, 3 if chain else 0,
                                     0, 0) + message[12:end] + chain


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1"], ["h2", "h3"]])
    resolver = Resolver(house.far, reply)
    house.start_gateway()
    house.hand_out_leases()
    yield house
    resolver.close()


@pytest.fixture
def sink(house):
    """far accepts what comes to these ports and says nothing."""
    ports, over, open_ = [], threading.Event(), []

    def accept(server):
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                open_.append(server.accept()[0])

    def listen(port):
        server = house.far.tcp(port, FAR, timeout=0.2)
        server.listen(16)
        thread = threading.Thread(target=accept, args=[server])
        thread.start()
        ports.append((server, thread))
        return FAR, port

    yield listen
    over.set()
    for server, thread in ports:
        thread.join()
        server.close()
    for sock in open_:
        sock.close()


def flow(house, host, port, proto="tcp"):
    """The row of the flow from that port of 'host', or None."""
    rows = [f for f in house.ask("flows") if f["proto"] == proto
            and f["inside"] == f"{host.ip}:{port}"]
    return rows[0] if rows else None


def name_of(house, host, port, proto="tcp"):
    row = flow(house, host, port, proto)
    return row and row["name"]


def is_called(house, host, sock, wanted, proto="tcp"):
    port = sock.getsockname()[1]

    def asked():
        return name_of(house, host, port, proto) == wanted
    return eventually(asked, 10) or name_of(house, host, port, proto)


def dig(house, host, name):
    said = host.run("dig", "+short", f"@{LAN}", name)
    assert FAR in said, said


def says(host, to, *pieces):
    """A connection in which these segments go out."""
    sock = host.tcp()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.connect(to)
    for piece in pieces:
        sock.sendall(piece)
        time.sleep(0.05)
    return sock


def test_by_what_dns_was_asked(house, sink):
    """Through two CNAMEs, and for the device alone that asked."""
    dig(house, house.h1, "www.shop.example")
    to = sink(7001)
    with says(house.h1, to) as mine, says(house.h2, to) as other:
        assert is_called(house, house.h1, mine, "www.shop.example") is True
        assert name_of(house, house.h2, other.getsockname()[1]) is None
    # The same answer out of the cache tells the others, too: the second time
    # it is given by the data path, where that is asked.
    for host in house.h2, house.h3:
        dig(house, host, "www.shop.example")
        with says(host, to) as other:
            assert is_called(house, host, other, "www.shop.example") is True


def test_history_keeps_the_name(house, sink):
    hello = client_hello("kept.example")
    with says(house.h1, sink(7006), hello, bytes(3000)) as sock:
        assert is_called(house, house.h1, sock, "kept.example") is True

        def kept():
            said = json.loads(house.gw.run(
                "curl", "-s", "--unix-socket",
                f"/run/portcullis/{house.instance}.sock",
                "http://x/api/v1/history?device=all&group=remote"))
            return "kept.example" in [g["name"] for g in said["groups"]]
        sock.sendall(bytes(3000))
        assert eventually(kept, 20)


def test_by_curl(house):
    """A server name goes before DNS: many names may share an address."""
    folder = make_certificates(house.folder)
    server = house.far.spawn(
        "openssl", "s_server", "-quiet", "-accept", f"{FAR}:7443", "-www",
        "-cert", folder / "cert.pem", "-key", folder / "key.pem")
    try:
        dig(house, house.h1, "one.example")
        done = eventually(lambda: house.h1.attempt(
            "curl", "-sk", "--max-time", "5", "-o", "/dev/null",
            "--local-port", "45000", "--resolve", f"two.example:7443:{FAR}",
            "https://two.example:7443/").returncode == 0, 20)
        assert done
        assert eventually(
            lambda: name_of(house, house.h1, 45000) == "two.example", 10)
    finally:
        house.far.end(server)


def test_a_long_hello_in_segments(house, sink):
    """As with post-quantum keys; nfqueue sees the headers alone at first."""
    hello = client_hello("long.example", filler=1700)
    with says(house.h1, sink(7444), hello[:1400], hello[1400:]) as sock:
        assert is_called(house, house.h1, sock, "long.example") is True
    with says(house.h1, sink(7445), hello) as sock:
        assert is_called(house, house.h1, sock, "long.example") is True


def test_a_hidden_name_is_the_one_dns_was_asked_for(house, sink):
    dig(house, house.h1, "hidden.example")
    hello = client_hello("public.example", ech=True)
    with says(house.h1, sink(7446), hello) as sock:
        assert is_called(house, house.h1, sock, "hidden.example") is True
        time.sleep(0.3)
        assert is_called(house, house.h1, sock, "hidden.example") is True
    # Browsers send the extension always: a name that was asked for is true.
    dig(house, house.h1, "other.example")
    dig(house, house.h1, "last.example")
    hello = client_hello("other.example", ech=True)
    with says(house.h1, sink(7447), hello) as sock:
        assert is_called(house, house.h1, sock, "other.example") is True


@pytest.mark.parametrize("datagrams, name", [
    (["rfc9001"], "example.com"),
    (["rfc9369"], "example.com"),
    (["split_2", "split_1"], "video.example.net"),
    (["coalesced"], "coalesced.example"),
])
def test_by_quic(house, datagrams, name):
    with house.far.udp(443, FAR) as server, house.h1.udp() as sock:
        for datagram in map(quic, datagrams):
            sock.sendto(datagram, (FAR, 443))
            assert server.recv(2048) == datagram
        assert is_called(house, house.h1, sock, name, "udp") is True


def shakes_hands(house, host, port, provider_s, home_s):
    """A handshake by hand: the remote takes so long to answer the SYN, and the
    device to answer that."""
    def is_tcp(flags):
        return lambda p: p.haslayer(TCP) and p[TCP].flags == flags and \
            SLOW in (p[TCP].sport, p[TCP].dport)

    def ends(one, other, **more):
        return TCP(sport=one, dport=other, **more)

    with Ear(house.far) as far, Ear(host) as home:
        send(host, IP(src=host.ip, dst=FAR) / ends(
            port, SLOW, flags="S", seq=1000))
        syn = far.wait(is_tcp("S"))
        time.sleep(provider_s)
        send(house.far, IP(src=FAR, dst=syn.src) / ends(
            SLOW, syn.sport, flags="SA", seq=5000, ack=1001))
        home.wait(is_tcp("SA"))
        time.sleep(home_s)
        send(host, IP(src=host.ip, dst=FAR) / ends(
            port, SLOW, flags="A", seq=1001, ack=5001))
        far.wait(is_tcp("A"))


def test_the_provider_or_my_wifi(house):
    """A device behind a slow line, and one that is slow itself: medians of
    three say which it is. Early, as others of this house's handshakes are
    among those that the medians are of."""
    hush(house.far, f"tcp dport {SLOW}")
    for host in house.h2, house.h3:
        hush(host, f"tcp sport {SLOW}")
    for port in 47001, 47002, 47003:
        shakes_hands(house, house.h2, port, DELAY_S, 0)
        shakes_hands(house, house.h3, port, 0, DELAY_S)
    delay_us = DELAY_S * 1_000_000

    def of(host):
        row, = [c for c in house.ask("clients") if c["mac"] == host.mac]
        return row["rtt_lan_us"], row["rtt_wan_us"]

    assert eventually(lambda: None not in of(house.h2) + of(house.h3), 10)
    lan, wan = of(house.h2)
    assert wan >= delay_us > lan
    lan, wan = of(house.h3)
    assert lan >= delay_us > wan
    row = flow(house, house.h2, 47001)
    assert row["remote"] == f"{FAR}:{SLOW}" and row["rtt_us"] > 0


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a b",
                                  "\u202eelpmaxe", "a\n\x1b[31m", "x" * 300])
def test_hostile_names_are_none(house, sink, name):
    """What DNS was asked for stays."""
    dig(house, house.h3, "honest.example")
    with says(house.h3, sink(7448), client_hello(name)) as sock:
        assert is_called(house, house.h3, sock, "honest.example") is True
        time.sleep(0.2)
        port = sock.getsockname()[1]
        assert name_of(house, house.h3, port) == "honest.example"


def test_a_flood_of_hellos_is_bounded(house, sink):
    """The gateway goes on, and names what comes after."""
    with house.h3.udp() as flood:
        packet = quic("rfc9001")
        for i in range(20000):
            flood.sendto(packet[:20] + i.to_bytes(4, "big") + packet[24:],
                         (FAR, 10000 + i % 20000))
    hello = client_hello("after.example")
    with says(house.h1, sink(7449), hello) as sock:
        assert is_called(house, house.h1, sock, "after.example") is True


def test_round_trips(house, sink):
    """Both sides of a handshake; here they are cables."""
    to = sink(7002)
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(says(house.h1, to)) for _ in range(3)]
        port = socks[0].getsockname()[1]
        assert eventually(lambda: flow(house, house.h1, port)["rtt_us"], 10)
        assert 0 < flow(house, house.h1, port)["rtt_us"] < 5_000_000
    row, = [c for c in house.ask("clients") if c["mac"] == house.h1.mac]
    assert 0 < row["rtt_lan_us"] < 5_000_000
    assert 0 < row["rtt_wan_us"] < 5_000_000
    said = house.ask("status")["rtt"]
    assert said["lan_us"] > 0 and said["wan_us"] > 0


def test_countries(house, sink):
    """The database may come at any time, and go."""
    path = house.state / "country.mmdb"
    to = sink(7004)
    with says(house.h1, to) as sock:
        port = sock.getsockname()[1]
        assert eventually(lambda: flow(house, house.h1, port), 10)
        assert flow(house, house.h1, port)["country"] is None
        fresh = house.folder / "fresh.mmdb"
        mmdb.write(fresh, {"198.51.100.0/24": "DE", "2001:db8::/32": "FR",
                           "10.0.0.0/8": "US"})
        shutil.copy(fresh, path)
        assert eventually(
            lambda: flow(house, house.h1, port)["country"] == "DE", 20)
        path.write_bytes(b"no database")
        assert eventually(
            lambda: flow(house, house.h1, port)["country"] is None, 20)
        assert "no database that can be read" in house.log()
        path.unlink()


def test_the_command_line_shows_names(house, sink):
    with says(house.h1, sink(7005), client_hello("shown.example")) as sock:
        assert is_called(house, house.h1, sock, "shown.example") is True
        text = house.cli("flows")
    assert "NAME" in text.splitlines()[0]
    assert any("shown.example" in line for line in text.splitlines())


@AGAIN
def test_flows_that_go_on_keep_their_names(build, carrier, again):
    """Both kinds of names, and no other flow's; what is new gets new ones."""
    house = build([["h1"]])
    resolver = Resolver(house.far, reply)
    house.start_gateway()
    house.h1.dhcp()
    with contextlib.ExitStack() as stack:
        stack.callback(resolver.close)
        server = stack.enter_context(house.far.tcp(7301, FAR))
        server.listen(8)

        def says_to(*pieces):
            sock = stack.enter_context(
                says(house.h1, (FAR, 7301), *pieces))
            stack.enter_context(server.accept()[0])
            return sock

        nameless = says_to()
        dig(house, house.h1, "told.example")
        told = says_to()
        said = says_to(client_hello("said.example"))
        assert is_called(house, house.h1, said, "said.example") is True
        again(house)
        for sock, name in ((told, "told.example"), (said, "said.example"),
                           (nameless, None)):
            sock.sendall(b"still here")
            assert flow(house, house.h1, sock.getsockname()[1])
            assert is_called(house, house.h1, sock, name) is True
        fresh = says_to(client_hello("fresh.example"))
        assert is_called(house, house.h1, fresh, "fresh.example") is True
        assert is_called(house, house.h1, said, "said.example") is True
