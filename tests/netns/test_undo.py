"""After SIGTERM the machine is as it was, down to the last sysctl."""
import signal

import pytest

from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import Ether

from house import FAR, bpf_alive, bpf_ids, machine_state
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")

ONE_PORT = [["h1"]]
BRIDGE = [["h1"], ["h2", "h3"]]


@pytest.mark.parametrize("lans, end", [
    (ONE_PORT, signal.SIGTERM), (BRIDGE, signal.SIGTERM),
    (ONE_PORT, signal.SIGINT),
])
def test_a_signal_undoes_everything(build, lans, end):
    house = build(lans)
    before = machine_state(house.gw)
    house.start_gateway()
    house.hand_out_leases()
    house.h1.run("ping", "-c", "1", "-W", "10", FAR)
    house.cli("set", "wan.open=udp:7777")
    assert machine_state(house.gw) != before
    held = bpf_ids(house.gateway.pid)
    assert held
    assert house.stop_gateway(end) == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == before) \
        or machine_state(house.gw) == before
    assert eventually(lambda: not bpf_alive(held)), bpf_alive(held)


def test_stop_undoes_everything(build):
    house = build(ONE_PORT)
    before = machine_state(house.gw)
    house.start_gateway()
    house.cli("stop")
    assert house.gateway.wait(60) == 0
    assert eventually(lambda: machine_state(house.gw) == before) \
        or machine_state(house.gw) == before


def test_it_starts_again_after_it_ended(build):
    house = build(BRIDGE)
    for _ in range(3):
        house.start_gateway()
        house.h1.dhcp()
        house.h1.run("ping", "-c", "1", "-W", "10", FAR)
        house.h1.end(house.h1.client)
        assert house.stop_gateway() == 0, house.log()


def test_an_advertised_way_out_stays(build):
    """With the first device that becomes a router the kernel forgets what it
    heard from others."""
    house = build(ONE_PORT)
    house.gw.sh("sysctl -qw net.ipv6.conf.gw0.disable_ipv6=0"
                " net.ipv6.conf.gw0.accept_ra=1")
    mac = house.isp.run("cat", "/sys/class/net/street/address").strip()
    advert = bytes(Ether(src=mac, dst="33:33:00:00:00:01")
                   / IPv6(src="fe80::1", dst="ff02::1", hlim=255)
                   / ICMPv6ND_RA(routerlifetime=1800)
                   / ICMPv6NDOptSrcLLAddr(lladdr=mac))

    def routed():
        return "via fe80::1" in house.gw.run("ip", "-6", "route", "show",
                                             "default")

    def heard():
        with house.isp.frames("street") as port:
            port.send(advert)
        return eventually(routed, 1)

    assert eventually(heard)
    house.start_gateway()
    assert routed()
    assert house.stop_gateway() == 0, house.log()
    assert routed()
