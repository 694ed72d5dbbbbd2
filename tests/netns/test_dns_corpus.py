"""Ten thousand questions, put to us and to unbound, which both ask the same
upstream: the answers are the same."""
import select
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from dns_corpus import ZONE, questions, zone
from house import FAR, LAN
from world import Failed, eventually

PEER_PORT = 5300
IN_FLIGHT = 64
DEADLINE_S = 240

SERVER = """server:
 interface: {interface}
 access-control: 0.0.0.0/0 allow
 chroot: ""
 username: ""
 pidfile: ""
 directory: "{folder}"
 use-syslog: no
 do-daemonize: no
 num-threads: 1
 module-config: "iterator"
 edns-buffer-size: 1232
 minimal-responses: no
remote-control:
 control-enable: no
"""
AUTHORITY = """auth-zone:
 name: "{zone}"
 zonefile: "{folder}/zone"
 for-downstream: no
 for-upstream: yes
 fallback-enabled: no
"""
FORWARD = """forward-zone:
 name: "."
 forward-addr: {to}
"""


def start_unbound(machine, name, text):
    path = machine.folder / f"{name}.conf"
    path.write_text(text)
    log = open(machine.folder / f"{name}.log", "w")
    machine.spawn("unbound", "-d", "-c", path, stdout=log, stderr=log)


@pytest.fixture(scope="module")
def home(build_shared):
    house = build_shared([["h1"]])
    far = house.far
    (far.folder / "zone").write_text(zone())
    start_unbound(far, "upstream", SERVER.format(
        interface=FAR, folder=far.folder)
        + AUTHORITY.format(zone=ZONE, folder=far.folder))
    start_unbound(far, "peer", SERVER.format(
        interface=f"{FAR}@{PEER_PORT}", folder=far.folder)
        + FORWARD.format(to=FAR))
    house.start_gateway()
    house.hand_out_leases()
    house.cli("set", "dns.client_rate=1000000")
    if not eventually(lambda: "NOERROR" in house.far.attempt(
            "dig", f"@{FAR}", "-p", PEER_PORT, f"mail.{ZONE}").stdout, 30):
        raise Failed((far.folder / "peer.log").read_text())
    return house


def by_tcp(house, server, query):
    with house.h1.tcp(timeout=30) as sock:
        sock.connect(server)
        wire = query.to_wire()
        sock.sendall(struct.pack("!H", len(wire)) + wire)
        with sock.makefile("rb") as stream:
            size, = struct.unpack("!H", stream.read(2))
            return dns.message.from_wire(stream.read(size))


def essence(message):
    """What a client makes of it; TTLs and order are the server's own."""
    records = {(section, str(rrset.name).lower(), rrset.rdtype,
                rdata.to_text().lower())
               for section, rrsets in (("answer", message.answer),
                                       ("soa", message.authority))
               for rrset in rrsets
               if section == "answer" or rrset.rdtype == dns.rdatatype.SOA
               for rdata in rrset}
    return message.rcode(), frozenset(records)


def ask_all(house, server, asked):
    """[essence of the answer to each], IN_FLIGHT at a time by UDP, what is
    lost once more, what is cut by TCP."""
    said, waiting = {}, {}
    todo = list(range(len(asked) - 1, -1, -1))
    deadline = time.monotonic() + DEADLINE_S
    with house.h1.udp(timeout=None) as sock:
        sock.connect(server)
        while len(said) < len(asked):
            if time.monotonic() > deadline:
                raise Failed(f"{server}: {len(said)} of {len(asked)}")
            while todo and len(waiting) < IN_FLIGHT:
                n = todo.pop()
                query = dns.message.make_query(*asked[n], use_edns=0,
                                               payload=1232)
                query.id = n
                waiting[n] = query
                sock.send(query.to_wire())
            if not select.select([sock], [], [], 5)[0]:
                todo += waiting     # lost on the way
                waiting.clear()
                continue
            answer = dns.message.from_wire(sock.recv(4096))
            query = waiting.pop(answer.id, None)
            if not query:
                continue
            if answer.flags & dns.flags.TC:
                answer = by_tcp(house, server, query)
            said[answer.id] = essence(answer)
    return [said[n] for n in range(len(asked))]


@pytest.mark.long
def test_ten_thousand_questions_are_answered_as_unbound_does(home):
    asked = questions()
    assert len(asked) > 10000
    theirs = ask_all(home, (FAR, PEER_PORT), asked)
    codes = [code for code, _ in theirs]
    assert codes.count(dns.rcode.NOERROR) > 8000
    assert codes.count(dns.rcode.NXDOMAIN) > 1500
    for pass_ in "asked upstream", "from the cache":
        ours = ask_all(home, (LAN, 53), asked)
        different = [(question, a, b) for question, a, b
                     in zip(asked, ours, theirs) if a != b]
        assert not different, (pass_, len(different), different[:3])


def test_kdig_and_delv_take_both_for_the_same(home):
    name = f"h5.{ZONE}"
    for server, port in (LAN, 53), (FAR, PEER_PORT):
        said = home.h1.run("kdig", f"@{server}", "-p", port, "+tcp",
                           "+dnssec", "+subnet=192.0.2.0/24", name, "A")
        assert "status: NOERROR" in said and "192.0.2.6" in said
        said = home.h1.run("delv", f"@{server}", "-p", port, "-i", name, "A")
        assert "192.0.2.6" in said
