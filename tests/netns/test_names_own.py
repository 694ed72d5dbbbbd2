"""Flows of devices that ask a resolver of their own, past the gateway's: named
by what it answers, if that is an answer to what was asked."""
import contextlib
import json
import random
import socket
import struct
import time

import pytest

from again import AGAIN
from house import FAR
from lane import FACE, echo, flows, promote
from resolvers import Resolver, answer, question
from test_ipv6 import FAR6, H1, number, pings
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
OTHER = "198.51.100.11"     # far's, too; nobody asks it
WEB = "198.51.100.12"       # likewise; what some names lead to
CHAIN_MAX = 16              # proto/dns_addrs.h


def ask(name):
    """A question, as programs put it."""
    return struct.pack("!HHHHHH", random.randrange(1 << 16), 0x0100, 1, 0, 0,
                       0) + wire(name) + struct.pack("!HH", 1, 1)


def wire(name):
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) \
        + b"\0"


def record(owner, kind, data, ttl=60):
    return wire(owner) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def reply(message):
    """www.… is a CNAME, many.… has so many addresses that nfqueue does not
    see all of it at first, all else is far."""
    name, kind, end = question(message)
    at = socket.inet_aton(FAR)
    if kind == 28:
        records = [record(name, 28, socket.inet_pton(socket.AF_INET6, FAR6))]
    elif name.startswith("www."):
        records = [record(name, 5, wire("edge.example")),
                   record("edge.example", 5, wire("node.example")),
                   record("node.example", 1, at)]
    elif name.startswith("many."):
        records = [record(name, 1, at)] + [
            record(name, 1, socket.inet_aton(f"192.0.2.{n}"))
            for n in range(30)]
    else:
        records = [record(name, 1, at)]
    return message[:2] + struct.pack("!HHHHH", 0x8180, 1, len(records), 0, 0) \
        + message[12:end] + b"".join(records)


def more_addresses(house):
    for address in OTHER, WEB:
        house.far.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1", "h2"]])
    more_addresses(house)
    number(house)
    resolver = Resolver(house.far, reply, FAR)
    house.start_gateway()
    house.hand_out_leases()
    yield house
    resolver.close()


def listen(house, port, address=FAR):
    """In the queue of this socket connections are made, and wait."""
    server = house.far.tcp(port, address)
    server.listen(16)
    return server


def opened(host, to):
    sock = host.tcp(addr=H1 if ":" in to[0] else "")
    sock.connect(to)
    return sock


def name_of(house, sock):
    inside, remote = sock.getsockname()[1], sock.getpeername()[1]
    name, = [f["name"] for f in house.ask("flows") if f["proto"] == "tcp"
             and f["inside"].endswith(f":{inside}")
             and f["remote"].endswith(f":{remote}")]
    return name


def is_called(house, sock, wanted):
    return eventually(lambda: name_of(house, sock) == wanted, 10)


def dig(host, name, *more, server=FAR):
    """What the device is told by the resolver of its choice."""
    return host.run("dig", "+short", "+tries=3", "+time=5", *more,
                    f"@{server}", name)


@pytest.mark.parametrize("name", ["plain.example", "www.shop.example",
                                  "many.example"])
def test_what_its_own_resolver_answered(house, name):
    """For the device alone that asked; and in the history."""
    assert FAR in dig(house.h1, name, "+bufsize=1232")
    with listen(house, 7001), opened(house.h1, (FAR, 7001)) as mine, \
            opened(house.h2, (FAR, 7001)) as other:
        assert is_called(house, mine, name), name_of(house, mine)
        assert name_of(house, other) is None
        mine.sendall(bytes(3000))

        def kept():
            said = json.loads(house.gw.run(
                "curl", "-s", "--unix-socket",
                f"/run/portcullis/{house.instance}.sock",
                "http://x/api/v1/history?device=all&group=remote"))
            return name in [g["name"] for g in said["groups"]]
        assert eventually(kept, 20)
    # The gateway's own resolver has nothing to do with it.
    assert all(row["name"] != name for row in house.ask("queries"))


def test_by_ipv6(house):
    assert eventually(lambda: pings(house.h1, FAR6)), house.log()
    six = Resolver(house.far, reply, FAR6)
    try:
        assert FAR6 in dig(house.h1, "six.example", "AAAA", server=FAR6)
        with listen(house, 7002, FAR6), opened(house.h1, (FAR6, 7002)) as sock:
            assert is_called(house, sock, "six.example"), name_of(house, sock)
        # By the one it was told what is at the other.
        assert FAR6 in dig(house.h1, "both.example", "AAAA")
        with listen(house, 7002, FAR6), opened(house.h1, (FAR6, 7002)) as sock:
            assert is_called(house, sock, "both.example"), \
                name_of(house, sock)
    finally:
        six.close()


def test_told_by_ipv6_what_is_at_ipv4(house):
    """A device does not wait for us to have read it: what it opens at once is
    its own, whichever way it asked."""
    assert eventually(lambda: pings(house.h1, FAR6)), house.log()
    six = Resolver(house.far, reply, FAR6)
    try:
        with listen(house, 7008), contextlib.ExitStack() as stack, \
                house.h1.udp(0, H1) as asks:
            names = [f"now{n}.example" for n in range(8)]
            socks = [stack.enter_context(house.h1.tcp()) for _ in names]
            for name, sock in zip(names, socks):
                asks.sendto(ask(name), (FAR6, 53))
                asks.recv(2048)
                sock.connect((FAR, 7008))
                time.sleep(0.002)   # the clock of sessions is a coarse one
            for name, sock in zip(names, socks):
                assert is_called(house, sock, name), name_of(house, sock)
    finally:
        six.close()


# ---- answers that are none

class Talk:
    """A device, and a resolver at WEB that says what it is told to."""

    def __init__(self, house, host):
        self.house, self.host = house, host
        self.server = house.far.udp(53, WEB)
        self.sock = host.udp()

    def ask(self, message):
        """Far has it, and from where."""
        self.sock.sendto(message, (WEB, 53))
        got, self.outside = self.server.recvfrom(2048)
        assert got == message

    def tell(self, message):
        """The device has it."""
        self.server.sendto(message, self.outside)
        assert self.sock.recv(2048) == message

    def close(self):
        self.server.close()
        self.sock.close()


@pytest.fixture
def talk(house):
    talk = Talk(house, house.h1)
    yield talk
    talk.close()


def chain(message, links):
    """An answer by so many CNAMEs."""
    name, _, end = question(message)
    records = b""
    for n in range(links):
        records += record(name, 5, wire(f"n{n}.example"))
        name = f"n{n}.example"
    records += record(name, 1, socket.inet_aton(WEB))
    return message[:2] + struct.pack("!HHHHH", 0x8180, 1, links + 1, 0, 0) \
        + message[12:end] + records


def other_id(message):
    return answer(bytes([message[0] ^ 1]) + message[1:], WEB)


def other_question(message):
    return answer(message[:2] + ask("trusted.example")[2:], WEB)


def other_name(message):
    _, _, end = question(message)
    return message[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) \
        + message[12:end] + record("other.example", 1, socket.inet_aton(WEB))


def cut_off(message):
    told = answer(message, WEB)
    return told[:2] + b"\x83" + told[3:]


def failed(message):
    told = answer(message, WEB)
    return told[:3] + b"\x83" + told[4:]


def too_long(message):
    return chain(message, CHAIN_MAX + 1)


def half(message):
    return answer(message, WEB)[:-3]


def noted(house, talk, name):
    """What came before was dealt with: a true answer names a flow."""
    message = ask(name)
    talk.ask(message)
    talk.tell(answer(message, FAR))
    with listen(house, 7004), opened(talk.host, (FAR, 7004)) as sock:
        assert is_called(house, sock, name), name_of(house, sock)


@pytest.mark.parametrize("lie", [other_id, other_question, other_name,
                                 cut_off, failed, too_long, half])
def test_what_answers_nothing_names_nothing(house, talk, lie):
    message = ask(f"{lie.__name__.replace('_', '-')}.example")
    talk.ask(message)
    talk.tell(lie(message))
    noted(house, talk, f"true-{lie.__name__.replace('_', '-')}.example")
    with listen(house, 7003, WEB), opened(house.h1, (WEB, 7003)) as sock:
        time.sleep(0.3)
        assert name_of(house, sock) is None


def test_nobody_else_answers(house, talk):
    """To the device's port, which lets anybody in: from port 53 of a machine
    that it never asked, the very answer."""
    message = ask("spoofed.example")
    talk.ask(message)
    with house.far.udp(53, OTHER) as spoofer:
        spoofer.sendto(answer(message, WEB), talk.outside)
        assert talk.sock.recvfrom(2048)[1][0] == OTHER
    # And not even where it comes first, by itself.
    with house.h1.udp() as sock, house.far.udp(0, FAR) as known, \
            house.far.udp(53, OTHER) as spoofer:
        sock.sendto(b"here", known.getsockname())
        outside = known.recvfrom(64)[1]
        spoofer.sendto(answer(message, WEB), outside)
        assert sock.recv(2048)
    noted(house, talk, "true-spoofed.example")
    with listen(house, 7003, WEB), opened(house.h1, (WEB, 7003)) as sock:
        time.sleep(0.3)
        assert name_of(house, sock) is None


def test_an_answer_counts_once(house, talk):
    """What comes later to the same question is a stranger's."""
    message = ask("once.example")
    talk.ask(message)
    talk.tell(answer(message, FAR))
    talk.tell(answer(message, WEB))
    noted(house, talk, "true-once.example")
    with listen(house, 7003, WEB), opened(house.h1, (WEB, 7003)) as sock:
        time.sleep(0.3)
        assert name_of(house, sock) is None


def test_a_chain_that_is_long_enough(house, talk):
    message = ask("long.example")
    talk.ask(message)
    talk.tell(chain(message, CHAIN_MAX))
    with listen(house, 7003, WEB), opened(house.h1, (WEB, 7003)) as sock:
        assert is_called(house, sock, "long.example"), name_of(house, sock)


# ---- heavy ones, floods

def test_the_lane_leaves_dns_to_the_engine(build, carrier):
    """However much a device asks by one socket. A tunnel at that port goes by
    eBPF."""
    house = build([["h1"]], express={"after_packets": 4})
    more_addresses(house)
    house.start_gateway()
    house.h1.dhcp()
    with contextlib.closing(Talk(house, house.h1)) as talk, \
            echo(house, 53), house.h1.udp() as tunnel:
        for n in range(100):
            message = ask(f"n{n}.example")
            talk.ask(message)
            talk.tell(answer(message, OTHER))
        promote(house, tunnel, house.h1, 53, FACE[carrier])
        row, = flows(house, remote=f"{WEB}:53")
        assert row["carried_by"] == "engine" and row["rx_packets"] == 100
        time.sleep(0.2)     # those were more than are read at a time
        noted(house, talk, "after.example")


def test_a_flood_is_bounded(house, talk):
    """The gateway goes on, and names what comes after; also another's."""
    talk.server.settimeout(0.01)
    for n in range(5000):
        talk.sock.sendto(ask(f"f{n}.example"), (WEB, 53))
        with contextlib.suppress(TimeoutError):
            got, outside = talk.server.recvfrom(2048)
            talk.server.sendto(answer(got, WEB), outside)
    assert FAR in dig(house.h2, "after.example")
    with listen(house, 7006), opened(house.h2, (FAR, 7006)) as sock:
        assert is_called(house, sock, "after.example"), name_of(house, sock)


@AGAIN
def test_a_socket_that_goes_on_is_read_on(build, carrier, again):
    house = build([["h1"]])
    more_addresses(house)
    house.start_gateway()
    house.h1.dhcp()
    with contextlib.closing(Talk(house, house.h1)) as talk:
        noted(house, talk, "before.example")
        again(house)
        noted(house, talk, "after.example")
