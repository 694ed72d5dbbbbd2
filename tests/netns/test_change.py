"""The world changes under a running gateway, and it follows."""
import pytest
from scapy.all import Ether, ICMPv6ND_RA, IPv6

from house import FAR, ISP, WAN, machine_state
from world import cable, eventually, finish_checksums

pytestmark = pytest.mark.carriers("xdp", "nfqueue")


def pings(host, target=FAR):
    return not host.attempt("ping", "-c", "1", "-W", "5", target).returncode


@pytest.fixture
def house(build):
    house = build([["h1"]])
    house.before = machine_state(house.gw)
    return house


@pytest.fixture
def running(house):
    house.start_gateway()
    house.h1.dhcp()
    assert pings(house.h1)
    return house


def test_restart_serves_again_and_ends_clean(running):
    house, address = running, running.h1.ip
    house.cli("restart")
    assert eventually(lambda: house.log().splitlines().count("ready") == 2)
    assert eventually(lambda: pings(house.h1))
    assert [lease["ip"] for lease in house.ask("leases")] == [address]
    assert house.stop_gateway() == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == house.before)


def test_a_new_wan_address(running):
    house = running
    house.gw.run("ip", "addr", "add", "203.0.113.9/24", "dev", "gw0")
    house.gw.run("ip", "addr", "del", f"{WAN}/24", "dev", "gw0")
    house.gw.run("ip", "addr", "add", "203.0.113.9/24", "dev", "gw0",
                 check=False)
    house.gw.run("ip", "route", "replace", "default", "via", ISP)
    assert eventually(
        lambda: house.ask("status")["wan"]["address"] == "203.0.113.9")
    assert eventually(lambda: pings(house.h1))
    flows = [f for f in house.ask("flows") if f["proto"] == "icmp"]
    assert all(f["outside"].startswith("203.0.113.9:") for f in flows)


def test_the_wan_link_goes_and_comes(running):
    house = running
    house.isp.run("ip", "link", "set", "street", "down")
    assert eventually(lambda: not house.ask("status")["wan"]["up"])
    assert not pings(house.h1)
    house.isp.run("ip", "link", "set", "street", "up")
    assert eventually(lambda: house.ask("status")["wan"]["up"])
    assert eventually(lambda: pings(house.h1))


def test_the_wan_is_awaited(house):
    house.wan = None
    house.gw.run("ip", "route", "del", "default")
    house.start_gateway()
    house.h1.dhcp()
    assert not house.ask("status")["wan"]["up"]
    assert not pings(house.h1)
    house.gw.run("ip", "route", "add", "default", "via", ISP)
    assert eventually(lambda: house.ask("status")["wan"]["up"])
    assert eventually(lambda: pings(house.h1))
    house.gw.run("ip", "route", "del", "default")
    house.gw.run("ip", "route", "add", "default", "via", ISP)
    assert house.stop_gateway() == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == house.before)


# nat.md 6
def test_rfc4787_req7_the_lan_gives_way_to_the_wan(running):
    """The provider moves into our network: the LAN moves on, and says so."""
    house, was = running, running.h1.ip
    house.gw.run("ip", "addr", "add", "10.77.0.200/24", "dev", "gw0")
    house.gw.run("ip", "addr", "del", f"{WAN}/24", "dev", "gw0")
    assert eventually(
        lambda: house.ask("status")["lan"][0]["address"] == "10.78.0.1")
    assert "10.78.0.1" in house.log()
    house.h1.end(house.h1.client)
    house.h1.sh("ip addr flush dev eth0")
    assert house.h1.dhcp()["ip"].startswith("10.78.0.")
    assert was not in [lease["ip"] for lease in house.ask("leases")]
    assert pings(house.h1, "10.78.0.1")


def test_ssh_over_the_wan_is_not_locked_out(house):
    house.env["SSH_CONNECTION"] = f"{ISP} 50000 {WAN} 22"
    house.start_gateway()
    assert "TCP port 22 stays open" in house.log()
    with house.gw.tcp(22) as listener:
        listener.listen()
        with house.isp.tcp() as owner:
            owner.connect((WAN, 22))
    with house.isp.tcp(timeout=1) as stranger, pytest.raises(TimeoutError):
        stranger.connect((WAN, 2222))


def test_a_lan_port_that_is_replaced(build):
    """A USB adapter pulled and put back: the same name, another index."""
    house = build([["h1"], ["h2"]])
    house.start_gateway()
    house.hand_out_leases()
    house.gw.run("ip", "link", "del", "gl1")
    assert eventually(lambda: "gl1: the port is gone" in house.log())
    cable(house.h2, "eth0", house.gw, "gl1", 1)
    house.h2.run("ip", "link", "set", "eth0", "up")
    finish_checksums(house.h2, "eth0")
    house.h2.end(house.h2.client)
    house.h2.dhcp()
    assert eventually(lambda: pings(house.h2))
    assert house.stop_gateway() == 0, house.log()


def test_news_while_it_ends_bring_nothing_back(house):
    """A route comes in the very moment of SIGTERM."""
    house.wan = None
    house.gw.run("ip", "route", "del", "default")
    house.start_gateway()
    before_end = house.gateway.pid
    house.gw.sh(f"ip route add default via {ISP}; kill -TERM {before_end}")
    assert house.gateway.wait(60) == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == house.before)


def test_signals_in_a_row_do_not_stop_the_undoing(running):
    house = running
    for _ in range(40):
        house.gw.attempt("kill", "-TERM", house.gateway.pid)
    assert house.gateway.wait(60) == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == house.before)


def test_the_lan_port_keeps_the_address_it_has(house):
    house.gw.run("ip", "addr", "add", "192.168.1.1/24", "dev", "gl0")
    house.serve_dns()
    house.start_gateway()
    assert house.h1.dhcp()["ip"].startswith("192.168.1.")
    assert house.ask("status")["lan"][0]["address"] == "192.168.1.1"
    assert house.h1.run("dig", "+short", "example.net").strip() == FAR
    assert pings(house.h1)


def test_a_lan_host_is_not_our_ipv6_router(running):
    house = running
    advertisement = (Ether(dst="33:33:00:00:00:01", src=house.h1.mac)
                     / IPv6(src="fe80::bad", dst="ff02::1", hlim=255)
                     / ICMPv6ND_RA(routerlifetime=1800))
    with house.h1.frames("eth0") as sock:
        for _ in range(3):
            sock.send(bytes(advertisement))
    assert not eventually(
        lambda: "default" in house.gw.run("ip", "-6", "route"), 2)


def test_a_lan_port_that_is_pulled_out(build):
    house = build([["h1"], ["h2"]])
    house.start_gateway()
    house.hand_out_leases()
    house.gw.run("ip", "link", "del", "gl1")
    assert eventually(lambda: "gl1: the port is gone" in house.log())
    assert eventually(lambda: pings(house.h1))
    assert house.stop_gateway() == 0, house.log()
