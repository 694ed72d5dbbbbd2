"""What clients of the resolver may rely on: sizes, TCP, bits of DNSSEC; and
that thousands of idle ones cost nothing."""
import pathlib
import socket
import struct

import pytest

from house import FAR, LAN
from resolvers import Resolver, question
from world import eventually

IDLE = 1000


def reply(message):
    """'N.txt.example' has a TXT of N bytes; signed ones AD and a signature."""
    name, kind, end = question(message)
    first = name.split(".")[0]
    records, flags = b"", 0x8180
    if kind == 16:
        data = b""
        for size in [255] * (int(first) // 256) + [int(first) % 256]:
            data += bytes([size]) + b"x" * size
        records = struct.pack("!HHHIH", 0xc00c, 16, 1, 60, len(data)) + data
    if kind == 1:
        records = struct.pack("!HHHIH", 0xc00c, 1, 1, 60, 4) + b"\xc0\0\2\1"
    count = bool(records)
    wants_dnssec = b"\0\0\x29" in message and message[-4] & 0x80
    if first == "signed":
        flags |= 0x20
        if wants_dnssec:
            data = struct.pack("!HBBIIIH", 1, 13, 2, 60, 2 ** 31, 0, 7) \
                + b"\7example\0" + b"s" * 64
            records += struct.pack("!HHHIH", 0xc00c, 46, 1, 60, len(data)) \
                + data
            count = 2
    return message[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0) \
        + message[12:end] + records


@pytest.fixture(scope="module")
def home(build_shared):
    house = build_shared([["h1"]])
    house.resolver = Resolver(house.far, reply)
    house.start_gateway()
    house.hand_out_leases()
    yield house
    house.resolver.close()


@pytest.mark.parametrize("options, size, truncated", [
    (["+noedns", "+ignore"], 400, False),
    (["+noedns", "+ignore"], 600, True),
    (["+bufsize=900", "+ignore"], 600, False),
    (["+bufsize=900", "+ignore"], 1000, True),
    (["+bufsize=4096", "+ignore"], 1100, False),
    (["+bufsize=4096", "+ignore"], 2000, True),
    (["+noedns"], 3000, False),
    (["+tcp"], 20000, False),
])
def test_answers_are_cut_to_what_the_client_takes(home, options, size,
                                                  truncated):
    said = home.h1.run("dig", f"@{LAN}", "+tries=1", "+time=10", *options,
                       f"{size}.txt.example", "TXT")
    flags = said.split(";; flags: ")[1].split(";")[0].split()
    assert ("tc" in flags) == truncated
    assert ("ANSWER: 0" in said) == truncated


def test_ad_and_signatures_are_for_those_who_ask(home):
    def flags(*options):
        said = home.h1.run("dig", f"@{LAN}", *options, "signed.example")
        return "ad" in said.split(";; flags: ")[1].split(";")[0].split(), \
            "RRSIG" in said

    for _ in "upstream", "cache":
        assert flags("+noad", "+noedns") == (False, False)
        assert flags("+ad", "+noedns") == (True, False)
        assert flags("+dnssec") == (True, True)
        assert flags("+dnssec", "+cd") == (True, True)


def test_kdig_s_options_are_taken(home):
    said = home.h1.run("kdig", f"@{LAN}", "+tcp", "+dnssec", "+edns",
                       "+subnet=192.0.2.0/24", "signed.example")
    assert "status: NOERROR" in said and "192.0.2.1" in said
    said = home.h1.run("kdig", f"@{LAN}", "+nocookie", "+bufsize=512",
                       "a.example", "b.example")
    assert said.count("192.0.2.1") == 2


def frame(name, ident):
    labels = b"".join(bytes([len(part)]) + part.encode()
                      for part in name.split("."))
    message = struct.pack("!HHHHHH", ident, 0x100, 1, 0, 0, 0) + labels \
        + b"\0\0\1\0\1"
    return struct.pack("!H", len(message)) + message


def read(stream):
    size, = struct.unpack("!H", stream.read(2))
    return stream.read(size)


def test_questions_are_pipelined(home):
    sock = home.h1.tcp(timeout=20)
    sock.connect((LAN, 53))
    sock.sendall(b"".join(frame(f"p{n}.example", n) for n in range(100)))
    with sock.makefile("rb") as stream:
        idents = {struct.unpack_from("!H", read(stream))[0]
                  for _ in range(100)}
    assert idents == set(range(100))
    sock.close()


def used(pid):
    """(seconds of the processor, resident bytes) of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1]
    fields = fields.split()
    return (int(fields[11]) + int(fields[12])) / 100, int(fields[21]) * 4096


def test_a_thousand_idle_connections_cost_nothing(home):
    addresses = [f"10.77.0.{n}" for n in range(200, 220)]
    home.h1.sh("".join(f"ip addr add {a}/24 dev eth0;" for a in addresses))
    pid = home.gateway.pid
    _, before = used(pid)
    idle = []
    for n in range(IDLE):
        idle.append(home.h1.tcp(addr=addresses[n % len(addresses)],
                                timeout=20))
        idle[-1].connect((LAN, 53))
    assert "192.0.2.1" in home.h1.run("dig", "+short", "+tcp", f"@{LAN}",
                                      "idle.example")
    busy, after = used(pid)
    assert after - before < 4 << 20, "memory"
    idle[0].sendall(frame("first.example", 9))
    with idle[0].makefile("rb") as stream:
        assert read(stream)[:2] == b"\0\x09"
    # They are let go by themselves, and that costs nothing either.
    assert eventually(lambda: all(gone(sock) for sock in idle), 60, 0.5)
    assert used(pid)[0] - busy < 5
    for sock in idle:
        sock.close()


def gone(sock):
    sock.setblocking(False)
    try:
        return not sock.recv(1)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
