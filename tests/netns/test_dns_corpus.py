"""Ten thousand questions, put to us and to unbound, which both ask the same
upstream: the answers are the same. So are those that programs get."""
import re
import select
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from browser import Browser
from dns_corpus import ZONE, questions, zone
from house import FAR, LAN
from world import Failed, eventually

PEER_PORT = 5300
PEER = "198.51.100.11"      # the same for programs that know no port
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
    far.run("ip", "addr", "add", f"{PEER}/24", "dev", "eth0")
    start_unbound(far, "peer", SERVER.format(
        interface=f"{FAR}@{PEER_PORT}\n interface: {PEER}",
        folder=far.folder) + FORWARD.format(to=FAR))
    (far.folder / "page.html").write_text("<title>It is here</title>")
    house.serve_web(far.folder)
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
    for pass_ in "asked upstream", "from the cache", "on the data path":
        tapped = home.ask("dns")["stats"]["tapped"]
        ours = ask_all(home, (LAN, 53), asked)
        different = [(question, a, b) for question, a, b
                     in zip(asked, ours, theirs) if a != b]
        assert not different, (pass_, len(different), different[:3])
    if home.carrier == "xdp":
        assert home.ask("dns")["stats"]["tapped"] - tapped > 5000


def test_kdig_and_delv_take_both_for_the_same(home):
    name = f"h5.{ZONE}"
    for server, port in (LAN, 53), (FAR, PEER_PORT):
        said = home.h1.run("kdig", f"@{server}", "-p", port, "+tcp",
                           "+dnssec", "+subnet=192.0.2.0/24", name, "A")
        assert "status: NOERROR" in said and "192.0.2.6" in said
        said = home.h1.run("delv", f"@{server}", "-p", port, "-i", name, "A")
        assert "192.0.2.6" in said


@pytest.mark.long
def test_resperf_loses_nothing(home):
    names = home.h1.folder / "resperf.names"
    names.write_text("".join(f"h{n}.{ZONE} A\n" for n in range(200)))
    said = {}
    for server, port in (LAN, 53), (FAR, PEER_PORT):
        home.h1.run("dnsperf", "-s", server, "-p", port, "-d", names,
                    "-n", 1, "-q", 10)
        text = home.h1.run("resperf", "-s", server, "-p", port, "-d", names,
                           "-R", "-m", 2000, "-r", 4, "-c", 2, "-P",
                           home.h1.folder / "plot")
        codes = re.search(r"Response codes: +(.*)", text)
        said[server] = (re.search(r"Queries lost: +(\d+)", text).group(1),
                        re.sub(r" \d+ ", " ", codes.group(1)))
    assert said[LAN] == ("0", "NOERROR (100.00%)"), home.ask("drops")
    assert said[FAR][1] == said[LAN][1]     # that one is not to be judged


@pytest.mark.parametrize("name", ["web", "shop"])
def test_curl_gets_to_the_same_place(home, name):
    for server in LAN, PEER:
        home.h1.resolv.write_text(f"nameserver {server}\n")
        said = home.h1.run("curl", "-sS", "-w", "%{remote_ip}",
                           f"http://{name}.{ZONE}/page.html")
        assert "It is here" in said and said.endswith(FAR)
        gone = home.h1.attempt("curl", "-sS", f"http://nobody7.{ZONE}/")
        assert gone.returncode == 6, gone       # no such host


def test_chromium_gets_to_the_same_place(home):
    for server in LAN, PEER:
        home.h1.resolv.write_text(f"nameserver {server}\n")
        browser = Browser(home.h1, f"http://shop.{ZONE}/page.html")
        try:
            browser.do("await page.goto(args.url)", url=browser.url)
            assert browser.look("document.title") == "It is here"
            said = browser.do("try { await page.goto(args.url); return ''; }"
                              "catch (e) { return e.message; }",
                              url=f"http://nobody8.{ZONE}/")
            assert "ERR_NAME_NOT_RESOLVED" in said
        finally:
            browser.close()
