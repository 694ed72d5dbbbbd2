"""Answers from the data path: the same as by the socket, and no other."""
import struct
import time

import pytest
from scapy.all import IP, UDP, Ether, IPOption, raw

from house import LAN
from resolvers import Resolver, answer, question
from world import eventually


def reply(message):
    name = question(message)[0]
    if name.startswith("no"):
        soa = b"\0" + struct.pack("!HHIH", 6, 1, 600, 22) \
            + b"\0\0" + struct.pack("!5I", 1, 2, 3, 4, 300)
        end = question(message)[2]
        return message[:2] + struct.pack("!5H", 0x8183, 1, 0, 1, 0) \
            + message[12:end] + soa
    return answer(message, "192.0.2.7", ttl=int(name.split(".")[0][1:] or 60)
                  if name[1:2].isdigit() else 60)


@pytest.fixture(scope="module")
def home(build_shared):
    house = build_shared([["h1"], ["h2"]])      # members of a bridge
    house.resolver = Resolver(house.far, reply)
    house.start_gateway()
    house.hand_out_leases()
    yield house
    house.resolver.close()


def query(name, ident=0x1234, flags=0x0100, kind=1, more=b"", extra=0):
    labels = b"".join(bytes([len(part)]) + part.encode()
                      for part in name.split("."))
    return struct.pack("!HHHHHH", ident, flags, 1, 0, 0, extra) + labels \
        + b"\0" + struct.pack("!HH", kind, 1) + more


def ask(host, message, timeout=10):
    with host.udp(timeout=timeout) as sock:
        sock.connect((LAN, 53))
        sock.send(message)
        return sock.recv(4096)


def stats(house):
    return house.ask("dns")["stats"]


def tapped(house):
    return stats(house)["tapped"]


def on_the_path(house, host, message):
    """The answer, once it is one of the data path."""
    for _ in range(20):
        before = tapped(house)
        said = ask(host, message)
        if tapped(house) > before:
            return said
    raise AssertionError("never answered on the data path")


def test_what_is_known_is_answered_in_the_asker_s_words(home):
    said = on_the_path(home, home.h1, query("wWw.Example", 0xbeef))
    assert said[:2] == b"\xbe\xef"
    assert question(said)[0] == "www.example" and b"\3wWw\7Example" in said
    assert said[2:12] == struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
    assert said[-4:] == b"\xc0\0\2\7"
    ttl, = struct.unpack("!I", said[-10:-6])
    assert 50 < ttl <= 60
    # Another device, another ID: the same place in the table.
    said = on_the_path(home, home.h2, query("www.example", 7))
    assert said[:2] == b"\0\7" and said[-4:] == b"\xc0\0\2\7"


def test_the_socket_says_the_same(home):
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
    do = b"\0" + struct.pack("!HHIH", 41, 4096, 0x8000, 0)
    for n, message in enumerate((
            query("t3600.example"), query("no.example"),
            query("t3600.example", flags=0x0120),
            query("t3600.example", more=opt, extra=1),
            query("t3600.example", more=do, extra=1),
            query("t3600.example", flags=0x0110))):
        here = on_the_path(home, home.h1, message)
        with home.h1.tcp(timeout=10) as sock:
            sock.connect((LAN, 53))
            sock.sendall(struct.pack("!H", len(message)) + message)
            there = sock.recv(4096)[2:]
        assert len(here) == len(there), n
        differ = [at for at in range(len(here)) if here[at] != there[at]]
        assert len(differ) <= 1, (n, here, there)   # a second went by: TTL


def test_every_hit_is_in_the_log_and_in_the_numbers(home):
    on_the_path(home, home.h2, query("logged.example"))
    before = stats(home)
    for _ in range(50):
        ask(home.h2, query("logged.example"))
    after = stats(home)
    assert after["tapped"] - before["tapped"] == 50
    assert after["hits"] - before["hits"] == 50
    assert after["queries"] - before["queries"] == 50

    rows = [row for row in home.ask("queries")
            if row["name"] == "logged.example" and row["why"] == "cache"]
    assert len(rows) >= 51
    assert {row["device"] for row in rows} == {home.h2.ip}
    assert {row["answer"] for row in rows} == {"192.0.2.7"}


def test_flows_are_named_by_what_the_path_told(home):
    """h2 asks for the first time when the answer is on the path already."""
    on_the_path(home, home.h1, query("named.example"))
    before = tapped(home)
    ask(home.h2, query("named.example"))
    assert tapped(home) == before + 1
    time.sleep(0.2)
    with home.h2.udp(6000) as sock:
        sock.sendto(b"to 192.0.2.7", ("192.0.2.7", 7777))
        assert eventually(lambda: [
            row["name"] for row in home.ask("flows")
            if row["inside"] == f"{home.h2.ip}:6000"] == ["named.example"])


def test_who_blocks_is_obeyed_at_once(home):
    on_the_path(home, home.h1, query("ads.example"))
    home.cli("set", "dns.block=ads.example")
    assert ask(home.h1, query("ads.example"))[-4:] == b"\0\0\0\0"
    home.cli("set", f"dns.unfiltered={home.h2.ip}")
    for _ in range(5):      # one is told, the other is not: never by the path
        assert ask(home.h2, query("ads.example"))[-4:] == b"\xc0\0\2\7"
        assert ask(home.h1, query("ads.example"))[-4:] == b"\0\0\0\0"
    home.cli("set", "dns.block=", "dns.unfiltered=")
    assert on_the_path(home, home.h1,
                       query("ads.example"))[-4:] == b"\xc0\0\2\7"


def test_names_of_the_home_come_first(home):
    before = tapped(home)
    for _ in range(5):
        said = ask(home.h1, query("portcullis.lan"))
        assert said[-4:] == bytes(map(int, LAN.split(".")))
    assert tapped(home) == before


def ttl_of(said):
    return struct.unpack("!I", said[-10:-6])[0]


def test_what_is_used_is_fetched_anew_before_its_time_is_over(home):
    on_the_path(home, home.h1, query("t5.example"))
    ask(home.h1, query("t5.example"))
    assert eventually(lambda: ttl_of(ask(home.h1, query("t5.example"))) <= 2,
                      20, 0.05)
    told = [ttl_of(ask(home.h1, query("t5.example")))]
    while max(told) < 4 and len(told) < 1000:
        told.append(ttl_of(ask(home.h1, query("t5.example"))))
        time.sleep(0.01)
    assert min(told) >= 1 and max(told) >= 4


@pytest.mark.parametrize("message", [
    b"", b"\0" * 11, query("www.example")[:-1],
    query("www.example", flags=0x8180),             # an answer
    query("www.example") + b"\xff" * 600,
])
def test_what_is_no_question_changes_nothing(home, message):
    with home.h1.udp(timeout=0.2) as sock:
        sock.connect((LAN, 53))
        for _ in range(100):
            sock.send(message)
    on_the_path(home, home.h1, query("www.example"))


def answered(sock, packet):
    """Does an answer come to a frame that is made by hand?"""
    sock.send(raw(packet))
    end = time.monotonic() + 2
    while time.monotonic() < end:
        try:
            said = Ether(sock.recv(2048))
        except TimeoutError:
            continue
        if UDP in said and said[UDP].sport == 53 and said[IP].chksum \
                and said[UDP].dport == packet[UDP].sport:
            return True
    return False


def test_sums_and_options(home):
    """No sum is right, and so is one that hardware was to finish; with IP
    options the question is the kernel's, and another's sum is nobody's."""
    message = query("www.example", 0x4444)
    on_the_path(home, home.h1, message)
    mac = home.h1.run("ip", "neigh", "show", LAN).split()[4]
    ether = Ether(src=home.h1.mac, dst=mac)
    udp = UDP(sport=4444, dport=53)
    ip = IP(src=home.h1.ip, dst=LAN)
    whole = Ether(raw(ether / ip / udp / message))
    pseudo = sum(struct.unpack("!4H", raw(whole[IP])[12:20])) + 17 \
        + whole[UDP].len
    pseudo = (pseudo & 0xffff) + (pseudo >> 16)
    with home.h1.frames("eth0", 0.1) as sock:
        before = tapped(home)
        for chksum in whole[UDP].chksum, 0, pseudo:
            whole[UDP].chksum = chksum
            assert answered(sock, whole), hex(chksum)
        assert tapped(home) == before + 3
        whole[UDP].chksum = 0x1234
        assert not answered(sock, whole)
        assert tapped(home) == before + 3
        if home.carrier == "xdp":
            drops = {row["reason"]: row for row in home.ask("drops")}
            assert drops["bad_checksum"]["packets"] >= 1
        options = IP(src=home.h1.ip, dst=LAN, options=[IPOption(b"\x01" * 4)])
        assert answered(sock, ether / options / udp / message)
        assert tapped(home) == before + 3
