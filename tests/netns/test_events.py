"""What is unusual becomes a sentence, and what is usual does not: by real tools
that do it."""
import contextlib
import json
import struct
import subprocess
import time
import urllib.parse

import pytest

from house import FAR, ISP, LAN
from world import eventually

DAY_MS = 86400 * 1000


def known_since(house, when_ms):
    """The registry has been there since, so that who comes now is new."""
    (house.state / "devices.mp").write_bytes(
        b"\x93\x01\xcf" + struct.pack("!Q", when_ms) + b"\x90")


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1"], ["h2", "h3"]])
    known_since(house, int(time.time() * 1000) - DAY_MS)
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    return house


def events(house, kind=None):
    found = house.ask("events")["events"]
    return [e for e in found if kind in (None, e["kind"])]


def happens(house, kind, timeout=60):
    """The event of that kind, when it has happened; None: it has not."""
    found = eventually(lambda: events(house, kind), timeout, 0.5)
    return found[0] if found else None


@contextlib.contextmanager
def nothing_but(house, *kinds):
    """Of the events that come meanwhile, all are of these."""
    before = {e["id"] for e in events(house)}
    yield
    time.sleep(6)       # detectors look every second, and wait for answers
    new = {e["kind"]: e["text"] for e in events(house)
           if e["id"] not in before}
    assert new.keys() <= set(kinds), new


def fetch(house, path):
    return json.loads(house.gw.run(
        "curl", "-s", "--unix-socket",
        f"/run/portcullis/{house.instance}.sock", f"http://x/api/v1/{path}"))


def evidence(house, event):
    """What is behind its link, by the API that the page there asks."""
    route, _, query = event["link"].removeprefix("#/").partition("?")
    words = dict(urllib.parse.parse_qsl(query))
    if event["kind"] == "scan-lan":
        return fetch(house, f"scans?{route.replace('/', '=')}")
    if route.startswith("device/"):
        return [c for c in house.ask("clients") if c["mac"] == route[7:]]
    if route == "line":
        return sum(n or 0 for n in fetch(house, f"line?{query}")["lost"])
    if route == "traffic":
        assert words.get("device") == event["device"]
        span = urllib.parse.urlencode(words | {"step": 60_000})
        total = fetch(house, f"history?{span}")["total"]
        return total["rx"] + total["tx"]
    if route == "names/addresses":
        return [e for e in fetch(house, "dhcp")["events"]
                if e["kind"] in ("rival", "conflict", "in_use")
                and e["ip"] in event["text"]]
    assert route == "names", event
    return fetch(house, f"dns/log?{query}")


def test_new_devices(house):
    """They have stayed for ten seconds; each is told of once, by name."""
    def told():
        for host in house.h1, house.h2, house.h3:
            host.attempt("ping", "-c1", "-W1", LAN)
        return len(events(house, "new-device")) == 3

    assert eventually(told, 60, 1)
    event, = (e for e in events(house) if e["device"] == house.h1.mac)
    assert event["name"] == "h1"
    assert event["text"] == "h1 is new at home."
    assert event["link"] == f"#/device/{house.h1.mac}"
    assert abs(event["at_ms"] / 1000 - time.time()) < 120
    assert "h1 is new at home." in house.cli("events")


def test_the_line_is_measured(house):
    def measured():
        wan = house.ask("status")["wan"]
        return wan["latency_ms"] is not None and wan["loss"] is not None

    assert eventually(measured, 60, 1)      # it answered for half a minute
    wan = house.ask("status")["wan"]
    assert 0 <= wan["latency_ms"] < 200
    assert wan["loss"] < 0.2
    assert "Line " in house.cli("status")


def test_everyday_life_is_no_event(house):
    """Names, a download, some connections, a look at the neighbours."""
    with nothing_but(house):
        house.far.spawn("/usr/bin/python3", "-m", "http.server", "80",
                        "--directory", "/usr/share/dict/..",
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert eventually(lambda: house.h1.attempt(
            "curl", "-so/dev/null", f"http://{FAR}/").returncode == 0)
        house.h1.sh("for n in $(seq 150); do "
                    f"curl -so/dev/null http://{FAR}/; done")
        house.h1.attempt("dig", "+short", "example.net", f"@{LAN}")
        house.h1.attempt("dig", "+short", "nowhere.example", f"@{LAN}")
        house.h1.sh("for n in $(seq 15); do "    # past us, and answered
                    f"dig +short example.net @{FAR}; sleep 1; done")
        house.h1.attempt("traceroute", "-n", "-q1", "-w1", FAR)
        house.h2.sh("for n in $(seq 100 120); do "
                    "ping -c1 -W1 10.77.0.$n >/dev/null & done; wait")


def test_a_scan_of_the_home(house):
    with nothing_but(house, "scan-lan"):
        house.h2.attempt("nmap", "-n", "-sn", "10.77.0.0/24")
        event = happens(house, "scan-lan")
    assert event and event["device"] == house.h2.mac
    assert event["text"].startswith("h2 goes through the home network")
    house.h2.attempt("nmap", "-n", "-sn", "10.77.0.0/24")
    assert len(events(house, "scan-lan")) == 1      # the same again


def test_a_scan_of_the_world(house):
    with nothing_but(house, "scan-internet"):
        house.h3.attempt("nmap", "-n", "-Pn", "-sS", "-p1000-1200",
                         "--max-retries", "0", FAR)
        event = happens(house, "scan-internet")
    assert event and event["device"] == house.h3.mac
    assert FAR in event["text"] and event["text"].startswith("h3 knocks at")


def test_a_scan_by_udp(house):
    with nothing_but(house, "scan-internet"):
        house.h1.attempt("nmap", "-n", "-Pn", "-sU", "-p2000-2299",
                         "--max-retries", "0", "--min-rate", "200", FAR)
        assert eventually(lambda: [
            e for e in events(house, "scan-internet")
            if e["device"] == house.h1.mac and " UDP ports of " in e["text"]],
            60, 0.5)


def test_a_resolver_of_its_own_is_silent(house):
    """What h2 asks goes to nobody; the others have names."""
    nobody = "198.51.100.77"
    with nothing_but(house, "dns-own"):
        def told():
            house.h2.attempt("dig", "+tries=1", "+time=2", f"@{nobody}",
                             "example.net")
            return events(house, "dns-own")

        event = eventually(told, 90, 0.2)
        house.h1.attempt("dig", "+short", "example.net", f"@{LAN}")
    assert event and event[0]["device"] == house.h2.mac
    assert event[0]["text"] == (f"h2 asks {nobody} for names, not this gateway, "
                                "and gets no answer.")


def test_a_sudden_upload(house):
    house.far.spawn("iperf3", "-s", stdout=subprocess.DEVNULL)
    with nothing_but(house, "upload"):
        assert eventually(lambda: house.h1.attempt(
            "iperf3", "-c", FAR, "-n", "50M").returncode == 0)
        time.sleep(3)
        assert not events(house, "upload")          # that is not much
        house.h1.attempt("iperf3", "-c", FAR, "-n", "260M", timeout=200)
        event = happens(house, "upload")
    assert event and event["device"] == house.h1.mac
    assert f"&device={house.h1.mac}" in event["link"]
    assert event["link"].startswith("#/traffic?from=")


def test_two_with_one_address(house):
    taken = house.h1.ip
    house.h2.sh(f"ip addr add {taken}/24 dev eth0")
    try:
        with nothing_but(house, "address-conflict"):
            def told():
                for host in house.h1, house.h2:
                    host.sh("ip neigh flush dev eth0; "
                            f"ping -c1 -W1 -I {taken} {LAN} || true")
                return events(house, "address-conflict")

            event = eventually(told, 60, 1)
        assert event and taken in event[0]["text"]
        assert evidence(house, event[0])
        assert "h1" in event[0]["text"] and "h2" in event[0]["text"]
    finally:
        house.h2.sh(f"ip addr del {taken}/24 dev eth0")


def test_the_line_loses(house):
    with nothing_but(house, "wan-loss"):
        house.isp.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        event = happens(house, "wan-loss", 90)
        house.isp.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=0")
    assert event and ISP in event["text"] and event["device"] is None
    assert house.ask("status")["wan"]["loss"] > 0.1


def test_no_resolver_answers(house):
    """The machine of the resolver drops what is asked."""
    house.far.sh("nft 'add table ip t; add chain ip t in "
                 "{ type filter hook input priority 0; }; "
                 "add rule ip t in udp dport 53 drop; "
                 "add rule ip t in tcp dport 53 drop'")
    try:
        with nothing_but(house, "dns-silent"):
            def told():
                house.h1.attempt("dig", "+tries=1", "+time=1",
                                 f"n{time.time_ns()}.example", f"@{LAN}")
                return events(house, "dns-silent")

            assert eventually(told, 120, 0.2)
        # The log of questions is in memory alone, and ends with the process.
        assert evidence(house, events(house, "dns-silent")[0])
    finally:
        house.far.run("nft", "delete", "table", "ip", "t")


def test_another_dhcp_server(house):
    """Seen by the round of questions that a start begins with; what was told
    before is still there."""
    before = events(house)
    assert house.stop_gateway() == 0
    house.h3.spawn("dnsmasq", "--keep-in-foreground",
                   "--conf-file=/dev/null", "--port=0", "--pid-file=",
                   "--user=root", "--interface=eth0", "--bind-interfaces",
                   "--dhcp-range=10.77.0.200,10.77.0.210",
                   f"--dhcp-leasefile={house.folder}/rival.leases",
                   stderr=subprocess.DEVNULL)
    time.sleep(1)
    house.start_gateway()
    event = happens(house, "dhcp-rival")
    assert event and house.h3.ip in event["text"]
    kept = events(house)
    assert [e["id"] for e in kept if e["id"] != event["id"]] \
        == [e["id"] for e in before]
    assert all(e["id"] > before[0]["id"] for e in kept[:1])


def test_every_link_leads_to_what_was_seen(house):
    found = events(house)
    assert {e["kind"] for e in found} >= {
        "new-device", "scan-lan", "scan-internet", "dns-own", "upload",
        "address-conflict", "wan-loss", "dns-silent", "dhcp-rival"}
    for event in found:
        assert event["kind"] == "dns-silent" or evidence(house, event), event


def test_the_api_pages_through_them(house):
    all_of_them = events(house)
    said = house.gw.run("curl", "-s", "--unix-socket",
                        f"/run/portcullis/{house.instance}.sock",
                        f"http://x/api/v1/events?since={all_of_them[2]['id']}")
    assert said.count('"id"') == 2
    refused = house.h1.run("curl", "-s", "-o", "/dev/null", "-w",
                           "%{http_code}", f"http://{LAN}/api/v1/events")
    assert refused == "401"
