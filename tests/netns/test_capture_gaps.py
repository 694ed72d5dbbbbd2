"""What the flight recorder does not keep: packets of the express lane, those
that newer ones took the place of, and parts of long ones. The file says so."""
import json
import re
import socket
import subprocess
import time

import pytest

from house import FAR
from kept import (LOCAL, REMOTE, SECTION, STATISTICS, capture, comments,
                  counts, frames_of, promoted, said, stream, talk, tshark, verified,
                  with_far, wrong)
from wire import connected, take
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
SOL_UDP, UDP_SEGMENT = 17, 103      # <linux/udp.h>


def beside(path):
    """Each packet that has a comment: its ports, and that."""
    rows = tshark(path, "-Y", "frame.comment", "-T", "fields", "-e",
                  "udp.port", "-e", "frame.comment").splitlines()
    return [tuple(row.split("\t")) for row in rows]


def test_the_lane_leaves_a_gap_and_a_pin_closes_it(build, carrier):
    house = build([["h1"]], express={"after_packets": 10})
    house.start_gateway()
    house.h1.dhcp()
    assert eventually(lambda: (stream(house, house.h1, 50),
                               promoted(house))[1])
    stream(house, house.h1, 1000)
    talk(house, house.h1, 1, 41050, 7050)
    path = capture(house, "h1")
    assert "Its flow is on the express lane from here on" in comments(path)
    sent = len(with_far(frames_of(path), LOCAL))

    # Pinned, it comes back, and what it missed is told.
    house.cli("set", f"clients.pin={house.h1.mac}")
    assert eventually(lambda: not promoted(house))
    talk(house, house.h1, 1, 41050, 7050)
    stream(house, house.h1, 200)
    path = capture(house, "h1")
    kept = len(with_far(frames_of(path), LOCAL))
    assert kept - sent == 201
    told = re.search(r"Its flow was on the express lane for [0-9.]+ s until "
                     r"[-0-9]+ [0-9:.]+ UTC; not kept: (\d+) packets to the "
                     r"device \((\d+) IP bytes\)", comments(path))
    assert int(told[1]) >= 900
    assert int(told[2]) == 528 * int(told[1])
    assert not promoted(house)
    # Beside packets of that flow, and of no other.
    assert len(beside(path)) >= 2
    assert all(str(LOCAL) in ports for ports, _ in beside(path))
    # All that crossed was either kept or is told of.
    n = len(frames_of(path))
    missed = counts(path)["ifdrop"]
    assert missed >= int(told[1])
    assert counts(path) == {"ifrecv": n + missed, "ifdrop": missed,
                            "filteraccept": n, "osdrop": 0, "usrdeliv": n}
    assert any(re.search(rf" {missed} \(\d+ IP bytes\) are not kept", line)
               for line in said(path, STATISTICS))
    assert json.loads(house.cli("clients", "--json"))[0]["pinned"]


def test_a_flow_that_took_the_lane_before_is_told_of(build, carrier):
    """Of the span that is asked for nothing of it is kept, and nothing of its
    beginning."""
    house = build([["h1"]], express={"after_packets": 10})
    house.start_gateway()
    house.h1.dhcp()
    assert eventually(lambda: (stream(house, house.h1, 50),
                               promoted(house))[1])
    time.sleep(3)
    stream(house, house.h1, 500)
    talk(house, house.h1, 3, 41051, 7051)
    path = capture(house, "h1", "--last", "2")
    flow = (f"UDP {house.h1.ip}:{LOCAL} - {FAR}:{REMOTE} is on the express "
            "lane since")
    assert promoted(house)
    assert not with_far(frames_of(path), LOCAL)
    assert len(with_far(frames_of(path), 41051)) == 7
    assert any(line.startswith(flow) for line in said(path, SECTION))
    info = subprocess.run(["capinfos", path], check=True, text=True,
                          capture_output=True).stdout
    assert flow in info
    assert not beside(path)
    # Nor of others' spans.
    path = capture(house, "h1", "--remote", "192.0.2.1")
    assert not any(flow in line for line in said(path, SECTION))


def test_what_is_overwritten_is_counted(build, carrier):
    house = build([["h1"]], express={"mode": "off"})
    house.start_gateway()
    house.h1.dhcp()
    house.cli("set", "capture.max_mib=1")
    assert eventually(
        lambda: house.ask("status")["capture"]["max_bytes"] == 1 << 20)
    stream(house, house.h1, 3000)
    path = capture(house, "h1")
    n = len(frames_of(path))
    gone = counts(path)["osdrop"]
    assert gone > 500 and n > 500
    assert counts(path) == {"ifrecv": n + gone, "ifdrop": 0,
                            "filteraccept": n + gone, "osdrop": gone,
                            "usrdeliv": n}
    assert any(line.startswith(f"{gone} packets (") and
               line.endswith("as newer ones took their place.")
               for line in said(path, STATISTICS))


def upload(house, port, back=False):
    """A good part of a megabyte over TCP, from h1 or to it."""
    with house.far.tcp(port, FAR) as server:
        server.listen()
        one, other, _ = connected(house.h1, server, port + 34000)
        if back:
            one, other = other, one
        with one, other:
            one.sendall(b"y" * 200000)
            one.shutdown(socket.SHUT_WR)
            take(other, 200000)


def datagrams_at_once(house, port):
    """As who speaks QUIC sends them."""
    with house.far.udp(port, FAR) as far, house.h1.udp(port + 34000) as inside:
        inside.setsockopt(SOL_UDP, UDP_SEGMENT, 1000)
        for _ in range(3):
            inside.sendto(b"q" * 8000, (FAR, port))
            for _ in range(8):
                assert far.recv(2048) == b"q" * 1000


def lengths(path, port):
    """Of frames: what they had, what is here."""
    rows = tshark(path, "-Y", f"tcp.port == {port} || udp.port == {port}",
                  "-T", "fields", "-e", "frame.len", "-e",
                  "frame.cap_len").splitlines()
    return [tuple(map(int, row.split())) for row in rows]


def test_super_packets_are_told_whole_or_not_at_all(build, carrier):
    """Under nfqueue a long packet's headers alone come to the engine, unless
    its device is pinned; and senders leave checksums to who sends it on."""
    house = build([["h1"]], express={"mode": "off"})
    house.start_gateway()
    house.h1.dhcp()

    upload(house, 7100)
    path = capture(house, "h1", "--remote", FAR)
    rows = lengths(path, 7100)
    assert sum(length for length, _ in rows) > 200000
    cut = sum(kept < length for length, kept in rows)
    assert bool(cut) == (carrier == "nfqueue")
    assert not cut or any(line.startswith(f"{cut} frames are cut: ")
                          for line in said(path, STATISTICS))
    assert not wrong(path)

    house.cli("set", f"clients.pin={house.h1.mac}")
    upload(house, 7101)
    upload(house, 7102, back=True)
    datagrams_at_once(house, 7103)
    path = capture(house, "h1", "--remote", FAR)
    for port in 7101, 7102, 7103:
        rows = lengths(path, port)
        assert all(kept == length for length, kept in rows)
        assert (max(rows)[0] > 3000) == (carrier == "nfqueue")
    assert not wrong(path)
    assert verified(path, "tcp") > 20 and verified(path, "udp") >= 3
