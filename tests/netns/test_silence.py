"""From the WAN the gateway is a wall that answers ping."""
import pytest

from house import ISP, WAN
from world import heard, only_ipv4_from

pytestmark = pytest.mark.carriers("xdp", "nfqueue")

NMAP = ["nmap", "-n", "-Pn", "--max-retries", "0", "-T5", "-oG", "-"]


@pytest.fixture
def street(house):
    """What the gateway sends to its neighbour while the test runs."""
    with house.isp.frames("street") as sock:
        only_ipv4_from(sock, WAN, 32)
        yield sock


def to_isp(frames):
    """Those that are for the neighbour itself: answers to it, but for our own
    ping, which asks it once a second whether it is there."""
    return [f for f in frames if f[30:34] == bytes(map(int, ISP.split(".")))
            and (f[23], f[34]) != (1, 8)]


@pytest.mark.parametrize("scan", [
    ["-sS", "-p-", "--min-rate", "8000"],
    ["-sA", "--top-ports", "500"], ["-sF", "--top-ports", "500"],
    ["-sU", "-p1-4000", "--min-rate", "4000"],
    ["-sO"], ["-sY", "--top-ports", "50"],
], ids=["syn", "ack", "fin", "udp", "protocols", "sctp"])
def test_nmap_gets_no_answer(house, street, scan):
    said = house.isp.run(*NMAP, *scan, WAN, timeout=300)
    # -sO asks with an ICMP echo too, and has that one answered.
    said = said.replace("1/open/icmp", "").replace("open|filtered", "")
    assert "open" not in said and "closed" not in said, said
    answers = to_isp(heard(street))
    assert all(f[23] == 1 and f[34] == 0 for f in answers)
    assert len(answers) <= (2 if scan == ["-sO"] else 0)


def test_lan_services_are_not_there(house, street):
    for port in 53, 67, 80:
        with house.isp.udp() as stranger:
            stranger.sendto(b"\0" * 40, (WAN, port))
        with house.isp.tcp(timeout=0.5) as stranger, \
                pytest.raises(TimeoutError):
            stranger.connect((WAN, port))
    assert not to_isp(heard(street))


def test_the_lan_is_not_reached_by_its_addresses(house):
    """A neighbour routes the LAN's prefix to us; we do not play along."""
    house.isp.run("ip", "route", "replace", "10.77.0.0/24", "via", WAN)
    try:
        done = house.isp.attempt("ping", "-c", "2", "-i", "0.2", "-W", "1",
                                 house.h1.ip)
        assert "0 received" in done.stdout
    finally:
        house.isp.run("ip", "route", "del", "10.77.0.0/24")


def test_ping_is_answered(house):
    house.isp.run("ping", "-c", "2", "-i", "0.2", "-W", "1", WAN)
