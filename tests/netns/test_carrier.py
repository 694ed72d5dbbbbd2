"""What carries a port: by its driver or as told, one or the other, both in one
house, and ports without Ethernet."""
import fcntl
import os
import re
import select
import struct

import pytest
from scapy.all import ICMP, IP, TCP, UDP, raw

from house import FAR, LAN, WAN, machine_state
from world import eventually

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 0x0001, 0x1000
MEGABYTES = 8


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    (folder / "file").write_bytes(bytes(MEGABYTES << 20))
    return folder


@pytest.fixture
def house_of(build, web):
    """Builds a house of these LANs with the street at work. Senders finish
    their checksums, whatever carries them."""
    def make(lans, carrier):
        house = build(lans, carrier="xdp")
        house.carrier = carrier
        house.serve_dns()
        house.serve_web(web)
        return house

    return make


def carriers(house):
    """{port: (carrier, why)}"""
    said = house.ask("status")
    ports = [said["wan"], *said["lan"][0]["ports"]]
    return {port["ifname"]: (port["carrier"], port["why"]) for port in ports}


def lives(house, host):
    """A lease, a name, a download, a ping and a datagram from outside."""
    host.dhcp()
    assert host.run("dig", "+short", "+time=5", "example.net").strip() == FAR
    said = host.run("curl", "-sS", "--max-time", "60", "-o", "/dev/null",
                    "-w", "%{size_download}", f"http://{FAR}/file")
    assert int(said) == MEGABYTES << 20
    host.run("ping", "-c", "1", "-W", "5", "-s", "3000", FAR)
    host.run("ping", "-c", "1", "-W", "5", LAN)
    port = 41000 + int(host.name[1:])
    with house.far.udp(7000, FAR) as far, host.udp(port) as inside:
        inside.sendto(b"out", (FAR, 7000))
        said, outside = far.recvfrom(64)
        assert said == b"out" and outside == (WAN, port)
        with house.isp.udp(7001) as stranger:      # full cone
            stranger.sendto(b"in", outside)
            assert inside.recvfrom(64)[0] == b"in"


def ends_as_it_began(house, before):
    assert house.stop_gateway() == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == before) \
        or machine_state(house.gw) == before


@pytest.mark.parametrize("lans", [[["h1"]], [["h1"], ["h2", "h3"]]],
                         ids=["port", "bridge"])
def test_nfqueue_as_told(house_of, lans):
    house = house_of(lans, "nfqueue")
    before = machine_state(house.gw)
    house.start_gateway()
    assert set(carriers(house).values()) == {("nfqueue", "--path nfqueue")}
    assert "nfqueue: --path nfqueue" in house.cli("status")
    for host in (house.h1, house.h2) if len(lans) > 1 else (house.h1,):
        lives(house, host)
    ends_as_it_began(house, before)


def test_auto_takes_xdp_where_the_driver_has_it(house_of):
    house = house_of([["h1"]], "auto")
    before = machine_state(house.gw)
    house.start_gateway()
    assert set(carriers(house).values()) == {
        ("xdp-copy", "its driver has native XDP")}
    # For the express lane alone: what AF_XDP sends passes no egress.
    assert "wan_tc" in house.gw.run("tc", "filter", "show", "dev", "gw0",
                                    "ingress")
    assert not house.gw.run("tc", "filter", "show", "dev", "gw0", "egress")
    lives(house, house.h1)
    ends_as_it_began(house, before)


# ---- mixed houses: a macvlan has no native XDP. The port below it is up, and
# must not answer for addresses that are not its own.

NO_XDP = ("nfqueue", "its driver has no native XDP")
XDP = ("xdp-copy", "its driver has native XDP")


def test_a_lan_port_without_xdp(house_of):
    house = house_of([["h1"], ["h2"]], "auto")
    house.gw.sh("ip link set gl1 up; sysctl -qw net.ipv4.conf.gl1.arp_ignore=1;"
                "ip link add link gl1 name lan1 type macvlan mode passthru")
    house.lan_ports = ["gl0", "lan1"]
    before = machine_state(house.gw)
    house.start_gateway()
    assert carriers(house) == {"gw0": XDP, "gl0": XDP, "lan1": NO_XDP}
    lives(house, house.h1)
    lives(house, house.h2)
    house.h1.run("ping", "-c", "1", "-W", "5", house.h2.ip)
    ends_as_it_began(house, before)


def test_a_wan_port_without_xdp(house_of):
    house = house_of([["h1"]], "auto")
    house.gw.sh("""
        sysctl -qw net.ipv4.conf.gw0.arp_ignore=1
        ip addr flush dev gw0
        ip link add link gw0 name wan0 type macvlan mode passthru
        ip link set wan0 up
        ip addr add 203.0.113.2/24 dev wan0
        ip route add default via 203.0.113.1""")
    house.wan = "wan0"
    before = machine_state(house.gw)
    house.start_gateway()
    assert carriers(house) == {"wan0": NO_XDP, "gl0": XDP}
    lives(house, house.h1)
    ends_as_it_began(house, before)


# ---- a port without Ethernet

@pytest.fixture
def tun(build):
    """A house whose LAN is a TUN; the test is the device behind it."""
    house = build([["h1"]], carrier="auto")
    with house.gw.inside():
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF,
                    struct.pack("16sH22x", b"tun7", IFF_TUN | IFF_NO_PI))
    # The kernel chooses how to make up addresses when it first comes up.
    house.gw.run("ip", "link", "set", "tun7", "up")
    house.lan_ports = ["tun7"]
    house.device = device
    yield house
    os.close(device)


def answers(house, wanted, timeout=10):
    """The first packet out of the TUN that is wanted."""
    def heard():
        while select.select([house.device], [], [], 0.1)[0]:
            packet = os.read(house.device, 65535)
            if packet[0] >> 4 == 4 and wanted(IP(packet)):
                return IP(packet)
        return None

    packet = eventually(heard, timeout, 0)
    assert packet, "no answer"
    return packet


def test_a_tun_as_lan(tun):
    before = machine_state(tun.gw)
    tun.start_gateway()
    assert carriers(tun)["tun7"] == NO_XDP
    me = "10.77.0.50"
    os.write(tun.device, raw(IP(src=me, dst=FAR) / ICMP(id=7, seq=1)))
    reply = answers(tun, lambda p: ICMP in p and p.src == FAR)
    assert (reply.dst, reply[ICMP].id) == (me, 7)
    with tun.far.udp(7000, FAR) as far:
        os.write(tun.device, raw(IP(src=me, dst=FAR)
                                 / UDP(sport=4000, dport=7000) / b"out"))
        said, outside = far.recvfrom(64)
        assert (said, outside) == (b"out", (WAN, 4000))
        far.sendto(b"in", outside)
    assert bytes(answers(tun, lambda p: UDP in p and p.sport == 7000)
                 [UDP].payload) == b"in"
    with tun.far.tcp(7001, FAR) as far:
        far.listen()
        os.write(tun.device, raw(IP(src=me, dst=FAR)
                                 / TCP(sport=4001, dport=7001, seq=1)))
        assert answers(tun, lambda p: TCP in p)[TCP].flags == "SA"
    os.write(tun.device, raw(IP(src="192.0.2.66", dst=FAR)
                             / UDP(sport=1, dport=7000)))
    assert eventually(lambda: {"spoofed"} <= {
        row["reason"] for row in tun.ask("drops") if row["packets"]})
    ends_as_it_began(tun, before)


def test_a_tun_is_no_part_of_a_bridge(tun):
    tun.lan_ports = ["tun7", "gl0"]
    done = tun.gw.attempt(*tun.command())
    assert done.returncode == 1
    assert "tun7 has no Ethernet and joins no bridge" in done.stderr


# ---- from one run to the next

def test_another_path_at_the_next_start(house_of):
    """What the earlier one left on the ports is not in the way."""
    house = house_of([["h1"]], "xdp")
    before = machine_state(house.gw)
    for carrier in "nfqueue", "xdp", "nfqueue":
        house.start_gateway()
        house.gateway.kill()
        house.gateway.wait()
        house.carrier = carrier
    house.start_gateway()
    assert {c for c, _ in carriers(house).values()} == {"nfqueue"}
    assert not re.search("xdp", house.gw.run("ip", "link"))
    lives(house, house.h1)
    ends_as_it_began(house, before)
