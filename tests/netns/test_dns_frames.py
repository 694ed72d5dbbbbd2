"""What the data path cannot answer itself is answered by the resolver, and that
answer, too, leaves as the frame that a question came as."""
import re
import struct
import time

import pytest
from scapy.all import IP, UDP, Ether, raw

from house import LAN
from resolvers import Resolver, answer, question
from world import eventually

LOTS = 40


def reply(message):
    """"big" has more addresses than a datagram takes."""
    name, kind, end = question(message)
    if not name.startswith("big"):
        return answer(message, "192.0.2.7", rcode=3 * name.startswith("no"))
    record = struct.pack("!HHHIH", 0xc00c, 1, 1, 60, 4) + b"\xc0\0\2"
    return message[:2] + struct.pack("!HHHHH", 0x8180, 1, 100, 0, 0) \
        + message[12:end] + b"".join(record + bytes([n]) for n in range(100))


@pytest.fixture(scope="module", params=["bridge", "port"])
def home(build_shared, request):
    """A LAN of two ports, which is a bridge, and one that is a port itself
    with a switch behind."""
    house = build_shared([["h1"], ["h2"]] if request.param == "bridge"
                         else [["h1", "h2"]])
    house.resolver = Resolver(house.far, reply)
    house.start_gateway()
    house.hand_out_leases()
    assert house.carrier == "xdp"
    yield house
    house.resolver.close()


def framed(house):
    return house.ask("dns")["stats"]["framed"]


def sent(house):
    """Datagrams that the gateway's own sockets sent."""
    return int(re.findall(r"^Udp: (.*)", house.gw.sh("cat /proc/net/snmp"),
                          re.M)[1].split()[3])


def dig(host, name, *options):
    return host.run("dig", f"@{LAN}", "+tries=1", "+time=10", *options, name)


def by_frames(house, work):
    """How many answers left as frames, and datagrams by sockets, meanwhile."""
    before = framed(house), sent(house)
    work()
    return framed(house) - before[0], sent(house) - before[1]


def test_what_is_fetched_comes_back_as_a_frame(home):
    def ask():
        for n in range(LOTS):
            said = dig(home.h1, f"fetched{n}.example")
            assert "NOERROR" in said and "192.0.2.7" in said
            assert f"SERVER: {LAN}#53({LAN}) (UDP)" in said

    frames, datagrams = by_frames(home, ask)
    assert frames == LOTS
    # A question upstream each, and little beside; by socket twice as many.
    assert LOTS <= datagrams < LOTS * 3 / 2


def test_the_resolver_s_own_answers_do_so_too(home):
    """Names of the home, blocked ones, what is refused, "no such name"."""
    home.cli("set", "dns.block=ads.example")

    def ask():
        for _ in range(10):
            assert LAN in dig(home.h2, "portcullis.lan", "+short")
            assert "0.0.0.0" in dig(home.h2, "ads.example", "+short")
            assert "REFUSED" in dig(home.h2, "example", "-t", "TYPE250")
            assert "NXDOMAIN" in dig(home.h2, "other.lan")

    frames, datagrams = by_frames(home, ask)
    assert frames == 40 and datagrams < 20
    assert "NXDOMAIN" in dig(home.h2, "no.example")
    home.cli("set", "dns.block=")


def test_what_is_long_is_cut_to_what_the_client_takes(home):
    def ask(size, ignore):
        said = dig(home.h1, "big.example", f"+bufsize={size}", *ignore)
        return "flags: qr tc" in said, said.count("192.0.2.")

    dig(home.h1, "big.example")         # it is known from now on
    before = framed(home)
    assert ask(1232, ["+ignore"]) == (True, 0)
    assert ask(512, ["+ignore"]) == (True, 0)
    assert framed(home) == before + 2
    assert ask(4096, []) == (False, 100)        # by TCP then


def test_two_who_wait_for_the_same_are_both_told(home):
    """And each by its own port, with its own ID."""
    held = []
    home.resolver.reply = lambda message: held.append(message)
    query = struct.pack("!HHHHHH", 0, 0x0100, 1, 0, 0, 0) \
        + b"\5later\7example\0" + struct.pack("!HH", 1, 1)
    with home.h1.udp() as one, home.h2.udp() as two:
        for ident, sock in enumerate((one, two)):
            sock.connect((LAN, 53))
            sock.send(struct.pack("!H", ident) + query[2:])
        assert eventually(lambda: held)
        time.sleep(0.2)
        before = framed(home)
        home.resolver.reply = reply     # the gateway asks again
        for ident, sock in enumerate((one, two)):
            said = sock.recv(4096)
            assert said[:2] == struct.pack("!H", ident)
            assert said[-4:] == b"\xc0\0\2\7"
    assert framed(home) == before + 2


def answers_to(sock, port, seconds):
    """DNS answers that come to 'port', whoever's frames they are."""
    end, got = time.monotonic() + seconds, []
    while time.monotonic() < end:
        try:
            said = Ether(sock.recv(2048))
        except TimeoutError:
            continue
        if UDP in said and said[UDP].sport == 53 and said[UDP].dport == port:
            got.append(said)
    return got


def test_another_s_address_brings_another_no_answer(home):
    """Who asks in a neighbour's name hears the answer itself; nobody does who
    asks in that of the network's all, of a stranger, or of a group."""
    mac = home.h1.run("ip", "neigh", "show", LAN).split()[4]

    def frame(name, port, src, ether=home.h1.mac):
        query = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) \
            + bytes([len(name)]) + name + b"\7example\0" \
            + struct.pack("!HH", 1, 1)
        return Ether(src=ether, dst=mac) / IP(src=src, dst=LAN) \
            / UDP(sport=port, dport=53) / query

    dig(home.h1, "known.example")
    with home.h1.frames("eth0", 0.1) as mine, \
            home.h2.frames("eth0", 0.1) as theirs:
        mine.send(raw(frame(b"stolen", 4001, home.h2.ip)))
        got = answers_to(mine, 4001, 2)
        assert len(got) == 1 and got[0].dst == home.h1.mac
        assert got[0][IP].dst == home.h2.ip
        assert got[0][IP].chksum == Ether(raw(got[0]))[IP].chksum
        assert not answers_to(theirs, 4001, 0.2)
        before = framed(home)
        mine.send(raw(frame(b"all", 4002, "10.77.0.255")))
        mine.send(raw(frame(b"stranger", 4002, "198.51.100.77")))
        mine.send(raw(frame(b"group", 4002, home.h1.ip,
                            "01:00:5e:00:00:fb")))
        assert not answers_to(mine, 4002, 1.5)
        assert framed(home) == before


def test_every_answer_is_in_the_log(home):
    for n in range(20):
        dig(home.h2, f"logged{n}.example")
    rows = {row["name"]: row for row in home.ask("queries")}
    for n in range(20):
        row = rows[f"logged{n}.example"]
        assert row["why"] == "upstream" and row["device"] == home.h2.ip
        assert row["answer"] == "192.0.2.7"


def test_questions_with_options_are_answered_by_the_socket(home):
    """The kernel has those, and the answer goes its way."""
    query = struct.pack("!HHHHHH", 9, 0x0100, 1, 0, 0, 0) \
        + b"\7options\7example\0" + struct.pack("!HH", 1, 1)
    with home.h1.udp() as sock:
        sock.setsockopt(0, 4, b"\x01" * 4)      # IP_OPTIONS
        sock.connect((LAN, 53))
        before = framed(home)
        sock.send(query)
        assert sock.recv(4096)[-4:] == b"\xc0\0\2\7"
        assert framed(home) == before
