"""The flight recorder: what a device sent and got, byte for byte, as a file that
Wireshark's tools read."""
import collections
import re
import subprocess
import time

import pytest

from house import FAR
from kept import (FILTER, INTERFACE, LOCAL, capture, captured, comments, counts,
                  frames_of, options, talk, tshark, verified, with_far, wrong)
from page import ask, request
from wire import connected, exchange
from world import eventually, finish_checksums, heard

pytestmark = pytest.mark.carriers("xdp", "nfqueue")


@pytest.fixture(scope="module")
def house(build_shared):
    """Nobody's checksums are unfinished, so that bytes can be compared; and no
    flow takes the express lane."""
    house = build_shared([["h1"], ["h2", "h3"]], express={"mode": "off"})
    for host in house.h1, house.h2, house.h3, house.far:
        finish_checksums(host, "eth0")
        host.run("ethtool", "-K", "eth0", "gro", "off")
    for dev in "street", "uplink":
        house.isp.run("ethtool", "-K", dev, "gro", "off", "tx", "off")
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    return house


def test_bytes_are_those_on_the_devices_wire(house):
    # Under nfqueue, with no express lane, who is not pinned is kept in part.
    house.cli("set", f"clients.pin={house.h1.mac}")
    time.sleep(0.5)
    wire = house.h1.frames("eth0")
    talk(house, house.h1)
    with house.far.tcp(7001, FAR) as server:
        server.listen()
        one, other, _ = connected(house.h1, server, 41001)
        with one, other:
            for size in 1, 100, 1448, 5000:
                exchange(one, other, b"x" * size)
    house.h1.run("ping", "-c", "3", "-i", "0.2", "-s", "900", FAR)
    time.sleep(0.3)
    seen = with_far(heard(wire), LOCAL, 41001, 0)
    wire.close()
    kept = with_far(captured(house, house.h1.mac), LOCAL, 41001, 0)
    assert len(seen) > 100
    assert collections.Counter(kept) == collections.Counter(seen)

    def one_way(frames, mac):
        return [f for f in frames if f[6:12] == bytes.fromhex(
            mac.replace(":", ""))]

    # In the order of the wire, each way.
    mac = house.h1.mac
    assert one_way(kept, mac) == one_way(seen, mac)
    other = next(f for f in seen if f not in one_way(seen, mac))[6:12].hex(":")
    assert one_way(kept, other) == one_way(seen, other)


def test_wiresharks_tools_have_no_complaint(house):
    talk(house, house.h2, 10, 41010, 7010)
    with house.far.tcp(7011, FAR) as server:
        server.listen()
        one, other, _ = connected(house.h2, server, 41011)
        with one, other:
            exchange(one, other, b"x" * 5000)
    path = capture(house, "h2")
    rows = tshark(path, "-T", "fields", "-e", "frame.packet_flags_direction",
                  "-e", "ip.src", "-e", "frame.time_epoch").splitlines()
    ways = {"0x00000001": house.h2.ip, "0x00000002": FAR}
    assert {row.split("\t")[0] for row in rows} == set(ways)
    for row in rows:
        way, src, at = row.split("\t")
        if FAR in row or house.h2.ip in row:
            assert src == ways[way] or src.startswith("10.77.0.")
        assert abs(float(at) - time.time()) < 300
    info = subprocess.run(["capinfos", path], check=True, text=True,
                          capture_output=True).stdout
    assert re.search(r"Capture application: Portcullis ", info)
    assert "Name = lan" in info and "Number of stat entries = 1" in info
    assert f"ether host {house.h2.mac}" in info
    assert int(re.search(r"Number of packets = (\d+)", info)[1]) == len(rows)
    assert "one burst have the same time" in info
    assert re.search(r"Strict time order: +True", info)
    assert not wrong(path)
    assert verified(path, "tcp") > 5 and verified(path, "udp") > 20


def test_what_is_asked_for_is_told(house):
    """Every packet of the device is counted, and every one of them is there."""
    talk(house, house.h2, 5, 41012, 7012)

    def looked_at(*more):
        path = capture(house, "h2", *more)
        text = dict(options(path, INTERFACE))[FILTER][1:].decode()
        return counts(path), len(frames_of(path)), text

    all_of_it, n, text = looked_at()
    assert n > 10 and text == f"ether host {house.h2.mac}"
    assert all_of_it == {"ifrecv": n, "ifdrop": 0, "filteraccept": n,
                         "osdrop": 0, "usrdeliv": n}
    some, n, text = looked_at("--remote", FAR)
    assert text == f"ether host {house.h2.mac} and host {FAR}"
    assert n > 10 and some == all_of_it | {"filteraccept": n, "usrdeliv": n}
    none, n, text = looked_at("--remote", "example.org")
    assert text == f"ether host {house.h2.mac} and host example.org"
    assert not n and none == all_of_it | {"filteraccept": 0, "usrdeliv": 0}


def test_names_are_in_the_file(house):
    with house.far.tcp(7002, FAR) as server:
        server.listen()
        house.h2.run("dig", "+short", "example.net", "@10.77.0.1")
        one, other, _ = connected(house.h2, server, 41002)
        with one, other:
            exchange(one, other)
    hosts = tshark(capture(house, "h2"), "-q", "-z", "hosts")
    assert re.search(rf"^{re.escape(FAR)}\s+example\.net$", hosts, re.M)
    assert re.search(rf"^{re.escape(house.h2.ip)}\s+h2$", hosts, re.M)
    # By name what went there under it, and what went there before it had one.
    some = captured(house, "h2", "--remote", "example.net")
    assert with_far(some, 41002)
    assert some == with_far(captured(house, "h2", "--remote", FAR))


def test_it_can_be_narrowed(house):
    talk(house, house.h3, 5, 41003, 7003)
    time.sleep(2)
    now = time.time()
    talk(house, house.h3, 5, 41004, 7004)
    span = str(int(time.time() - now) + 1)
    latest = captured(house, house.h3.ip, "--last", span)
    assert len(with_far(latest, 41004)) == 11
    assert not with_far(latest, 41003)
    assert len(with_far(captured(house, "h3"), 41003)) == 11
    assert not captured(house, "h3", "--remote", "192.0.2.1")


def test_it_flows_into_a_pipe(house):
    talk(house, house.h3, 5, 41005, 7005)
    out = house.gw.sh(f"{house.binary} capture h3 --name {house.instance} | "
                      "tshark -n -i - -r - 2>/dev/null || "
                      f"{house.binary} capture h3 --name {house.instance} | "
                      "tshark -n -r - 2>/dev/null")
    assert f"{house.h3.ip}" in out


def test_what_cannot_be_is_said(house):
    def said(*words):
        done = house.gw.attempt(house.binary, "capture", *words, "--name",
                                house.instance)
        return done.returncode, done.stderr

    path = house.folder / "old"
    path.write_text("mine")
    assert said("nobody", "-o", path) == (
        1, "portcullis: No device has the address or name 'nobody'.\n")
    assert said("02:00:00:00:00:99", "-o", path) == (
        1, "portcullis: Nothing is kept of that device.\n")
    assert path.read_text() == "mine"
    assert said("h1", "--last", "x")[0] == 2
    assert said()[0] == 2
    code, text = said("h1", "-o", "/nowhere/x")
    assert code == 1 and "/nowhere/x: No such file" in text
    # A terminal is no place for it.
    text = house.gw.sh("script -qec "
                       f"'{house.binary} capture h1 --name {house.instance}' "
                       "/dev/null || true")
    assert "wireshark" in text
    # From home only the owner may.
    assert ask(house.h1, request(f"/api/v1/capture/{house.h1.mac}")) == 401


def test_what_was_dropped_says_why(house):
    """Its way out is gone."""
    house.isp.run("ip", "link", "set", "street", "down")
    try:
        assert eventually(
            lambda: "NO-CARRIER" in house.gw.run("ip", "link", "show", "gw0"))
        time.sleep(1)
        with house.h1.udp(41006) as sock:
            sock.sendto(b"lost", (FAR, 7006))
        time.sleep(0.5)
        path = capture(house, "h1")
    finally:
        house.isp.run("ip", "link", "set", "street", "up")
    lost = with_far(frames_of(path), 41006)
    if house.carrier == "xdp":
        assert lost and "The gateway dropped it: no_wan." in comments(path)


def test_status_tells_how_much_there_is(house):
    for n, host in enumerate((house.h1, house.h2, house.h3)):
        talk(house, host, 1, 41060 + n, 7060 + n)
    told = house.ask("status")["capture"]
    assert told["max_bytes"] == 256 << 20
    assert told["devices"] >= 3
    assert 3 * 65536 <= told["bytes"] <= told["max_bytes"]


def test_a_restart_keeps_it(build, carrier):
    house = build([["h1"]], express={"mode": "off"})
    house.serve_dns()
    house.start_gateway()
    house.h1.dhcp()
    house.h1.run("dig", "+short", "example.net", "@10.77.0.1")
    talk(house, house.h1, 20)
    before = captured(house, "h1")
    assert len(with_far(before, LOCAL)) == 41
    uptime = house.ask("status")["uptime_s"]
    time.sleep(1.5)
    said = house.log().count("ready")
    house.cli("restart")
    assert eventually(lambda: house.log().count("ready") > said)
    assert "captures: those of 1 devices go on" in house.log()
    talk(house, house.h1, 20, 41020, 7020)
    after = captured(house, "h1")
    assert after[:len(before)] == before
    assert len(with_far(after, 41020)) == 41
    assert uptime >= 0
    # Under the name that it had before, too.
    named = captured(house, "h1", "--remote", "example.net")
    assert with_far(named, LOCAL) == with_far(before, LOCAL)


def test_it_can_be_turned_off_and_on(build, carrier):
    house = build([["h1"]], express={"mode": "off"})
    house.start_gateway()
    house.h1.dhcp()
    talk(house, house.h1, 5)
    house.cli("set", "capture.max_mib=0")
    assert eventually(lambda: house.ask("status")["capture"]["bytes"] == 0)
    talk(house, house.h1, 5)
    assert house.ask("status")["capture"]["bytes"] == 0
    house.cli("set", "capture.max_mib=16")
    talk(house, house.h1, 5, 41030, 7030)
    frames = captured(house, "h1")
    assert len(with_far(frames, 41030)) == 11
    assert not with_far(frames, LOCAL)
