"""Ports and links come and go under load, and only they are concerned."""
import hashlib
import random
import subprocess

import pytest

from house import FAR, WAN
from watch import no_resets, strangers
from world import cable, eventually, finish_checksums

pytestmark = pytest.mark.carriers("xdp", "nfqueue")

BYTES = 24 << 20


def pings(host, target=FAR):
    return not host.attempt("ping", "-c", "1", "-W", "1", target).returncode


@pytest.fixture(scope="module")
def house(build_shared, tmp_path_factory, carrier):
    """Three cables on one bridge."""
    house = build_shared([["h1"], ["h2"], ["h3"]])
    folder = tmp_path_factory.mktemp("web")
    content = random.Random(5).randbytes(BYTES)
    (folder / "file").write_bytes(content)
    house.digest = hashlib.sha256(content).hexdigest()
    house.serve_web(folder)
    house.start_gateway()
    house.hand_out_leases()
    assert eventually(lambda: all(map(pings, (house.h1, house.h2, house.h3))))
    return house


class Download:
    """The file, by 'host'; pace: megabytes a second."""

    def __init__(self, house, host, pace=3):
        self.house, self.host = house, host
        self.child = host.spawn(
            "sh", "-c", f"curl -sS --max-time 90 --limit-rate {pace}M "
            f"http://{FAR}/file | sha256sum", stdout=subprocess.PIPE,
            text=True)

    def bytes(self):
        inside = f"{self.host.ip}:"
        return sum(f["rx_bytes"] for f in self.house.ask("flows")
                   if f["inside"].startswith(inside) and f["proto"] == "tcp")

    def goes_on(self, more=1 << 20, timeout=30):
        """Or it is through: a busy machine may take long to answer."""
        was = self.bytes()
        return eventually(lambda: self.child.poll() is not None
                          or self.bytes() > was + more, timeout)

    def arrived(self):
        said, _ = self.child.communicate(timeout=100)
        return said.split()[0] == self.house.digest


def put_back(house, name, port):
    """The same name, another index: a USB adapter pulled and plugged in."""
    host = house.machines[name]
    cable(host, "eth0", house.gw, port, 1)
    host.sh(f"ip addr add {host.ip}/24 dev eth0; ip link set eth0 up;"
            "ip route add default via 10.77.0.1")
    finish_checksums(host, "eth0")


def carriers(house):
    return {port["ifname"]: port["carrier"]
            for port in house.ask("status")["lan"][0]["ports"]}


def test_one_lan_port_goes_and_comes(house):
    """Nobody on the WAN sees the kernel meanwhile, and the other ports carry
    on: a download by one of them goes through without a break."""
    with strangers(house, WAN), no_resets((house.isp, "street"),
                                          (house.h1, "eth0")):
        download = Download(house, house.h1)
        assert download.goes_on()
        for _ in range(3):
            house.gw.run("ip", "link", "del", "gl1")
            assert eventually(lambda: carriers(house)["gl1"] == "none")
            assert not eventually(lambda: not pings(house.h1), 1)
            put_back(house, "h2", "gl1")
            assert eventually(lambda: pings(house.h2), 20)
        assert download.arrived()
        assert pings(house.h3)
    assert "none" not in carriers(house).values()


def test_a_lan_cable_is_pulled_and_put_back(house):
    download = Download(house, house.h1)
    assert download.goes_on()
    for _ in range(2):
        house.h1.run("ip", "link", "set", "eth0", "down")
        assert pings(house.h3)
        house.h1.sh("ip link set eth0 up; ip route add default via 10.77.0.1")
        assert download.goes_on()
    assert download.arrived()


def test_the_wan_cable_is_pulled_and_put_back(house):
    """The address stays: connections go on, of the same mapping."""
    with no_resets((house.far, "eth0"), (house.h1, "eth0")):
        download = Download(house, house.h1)
        assert download.goes_on()
        for _ in range(2):
            house.isp.run("ip", "link", "set", "street", "down")
            assert eventually(lambda: not house.ask("status")["wan"]["up"])
            house.isp.run("ip", "link", "set", "street", "up")
            house.isp.run("ip", "route", "replace", "198.51.100.0/24",
                          "dev", "uplink")
            assert download.goes_on()
        assert download.arrived()


def test_the_wan_port_is_replaced(house):
    """An adapter pulled and put back: another device of the same name, which
    gets the same address once we have taken it up. Connections go on."""
    with no_resets((house.far, "eth0"), (house.h1, "eth0")):
        download = Download(house, house.h1)
        assert download.goes_on()
        house.gw.run("ip", "link", "del", "gw0")
        assert eventually(lambda: not house.ask("status")["wan"]["up"])
        cable(house.isp, "street", house.gw, "gw0", 1)
        finish_checksums(house.isp, "street")
        house.isp.sh("ip addr add 203.0.113.1/24 dev street;"
                     "ip link set street up")
        house.gw.run("ip", "link", "set", "gw0", "up")
        assert eventually(
            lambda: house.ask("status")["wan"]["carrier"] != "none")
        get_address(house, WAN)
        assert download.goes_on()
        assert download.arrived()


def lose_address(house):
    """As a DHCP client does when the provider does not answer."""
    house.gw.sh(f"ip addr del {WAN}/24 dev gw0")
    assert eventually(lambda: not house.ask("status")["wan"]["up"])


def get_address(house, address):
    house.gw.sh(f"ip addr add {address}/24 dev gw0;"
                "ip route replace default via 203.0.113.1")
    assert eventually(
        lambda: house.ask("status")["wan"]["address"] == address)


# nat.md 31
def test_the_same_wan_address_comes_back(house):
    with no_resets((house.far, "eth0"), (house.h1, "eth0")):
        download = Download(house, house.h1)
        assert download.goes_on()
        for _ in range(2):
            lose_address(house)
            get_address(house, WAN)
            assert download.goes_on()
        assert download.arrived()


# nat.md 31
def test_another_wan_address_comes(house):
    """Old connections end, new ones have the new address, at once."""
    download = Download(house, house.h1)
    assert download.goes_on()
    try:
        lose_address(house)
        get_address(house, "203.0.113.77")
        assert eventually(lambda: pings(house.h1), 5)
        assert eventually(lambda: not [
            f for f in house.ask("flows")
            if not f["outside"].startswith("203.0.113.77:")])
        fresh = Download(house, house.h2)
        assert fresh.goes_on()
        assert fresh.arrived()
    finally:
        house.h1.end(download.child)
        house.gw.run("ip", "addr", "del", "203.0.113.77/24", "dev", "gw0")
        get_address(house, WAN)
    assert eventually(lambda: pings(house.h1))
