"""Programs that people use behind a NAT, and that judge it: STUN clients, an
RFC 5780 one, iperf3 with large datagrams, consoles that meet."""
import json
import re
import subprocess

import pytest

from house import FAR, WAN
from wire import mapped
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
FAR2 = "198.51.100.11"      # RFC 5780 wants a server with two addresses


@pytest.fixture(scope="module")
def stun(house):
    """A STUN server out there, which answers from two addresses and ports."""
    house.far.run("ip", "addr", "add", f"{FAR2}/24", "dev", "eth0")
    house.far.spawn(
        "turnserver", "-c", "/dev/null", "-n", "--stun-only", "--no-cli",
        "--no-tls", "--no-dtls", "-L", FAR, "-L", FAR2,
        "--pidfile", house.folder / "turnserver.pid", "--log-file", "stdout",
        "--userdb", house.folder / "turndb",
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert eventually(lambda: len(listening(house)) >= 4), listening(house)
    return FAR


def listening(house):
    """The sockets of UDP on both addresses and both ports."""
    said = house.far.run("ss", "-Hlun")
    return set(re.findall(r"198\.51\.100\.1[01]:34(?:78|79)\b", said))


# nat.md 1, 7
@pytest.mark.parametrize("what, says", [
    ("-m", "NAT with Endpoint Independent Mapping!"),
    ("-f", "NAT with Endpoint Independent Filtering!"),
])
def test_rfc5780_discovery(house, stun, what, says):
    said = house.h1.attempt("turnutils_natdiscovery", what, stun, timeout=120)
    assert says in said.stdout, said.stdout + said.stderr


# nat.md 8
def test_rfc5780_hairpinning(house, stun):
    said = house.h1.attempt("turnutils_natdiscovery", "-H", stun, timeout=120)
    assert "NAT with Hairpinning" in said.stdout \
        or "hairpin" in said.stdout.lower(), said.stdout + said.stderr


# nat.md 7
def test_rfc3489_client_finds_a_full_cone(house, stun):
    said = house.h1.attempt("stun", FAR, "-v", timeout=120)
    text = said.stdout + said.stderr
    assert "Independent Mapping, Independent Filter" in text, text


# nat.md 13
@pytest.mark.parametrize("way", ["up", "down"])
def test_iperf3_with_datagrams_of_8_kb(house, way):
    """Slowly enough that nothing need be lost; an overloaded machine may yet
    be late now and then."""
    server = house.far.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    assert eventually(lambda: "5201" in house.far.run("ss", "-Hltn"))
    told = json.loads(house.h1.run(
        "iperf3", "-c", FAR, "-u", "-b", "8M", "-l", "8192", "-t", "4", "-J",
        *(["-R"] if way == "down" else [])))
    server.wait(60)
    total = told["end"]["sum"]
    assert total["packets"] > 100
    assert total["lost_packets"] <= total["packets"] * 0.10, total


# nat.md 2, 8
def test_two_consoles_that_both_use_port_3074(house, stun):
    """Each learns its address from a server, gives it to the other and to a
    player elsewhere, and all three talk to each other directly."""
    with house.far.udp(7000, FAR) as server, \
            house.isp.udp(3074, "203.0.113.1") as elsewhere:
        one, one_out = mapped(house.h1, server, 3074)
        two, two_out = mapped(house.h2, server, 3074)
        assert one_out != two_out and one_out[0] == two_out[0] == WAN
        players = {one: one_out, two: two_out,
                   elsewhere: ("203.0.113.1", 3074)}
        for sender, source in players.items():
            for receiver, address in players.items():
                if sender is not receiver:
                    sender.sendto(b"hello from %d" % source[1], address)
                    assert receiver.recvfrom(64) == (
                        b"hello from %d" % source[1], source)
        one.close()
        two.close()
