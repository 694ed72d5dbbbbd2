"""A LAN of several ports: one network, and hosts that move."""
import contextlib
import json
import subprocess
from ipaddress import ip_address

import pytest
from scapy.all import Ether, IP, UDP

from house import FAR, LAN, WAN
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")


@pytest.fixture(scope="module")
def house(build_shared):
    """Two switches on two ports with two queues each."""
    house = build_shared([["h1", "h2"], ["h3", "h4"]], queues=2)
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    return house


def pings(host, target):
    return not host.attempt("ping", "-c", "1", "-W", "5", target).returncode


def test_neighbours_reach_each_other(house):
    for other in house.h2, house.h3, house.h4:
        assert pings(house.h1, other.ip)


def test_everyone_reaches_the_gateway_and_the_world(house):
    for host in house.h1, house.h2, house.h3, house.h4:
        assert pings(host, LAN)
        assert pings(host, FAR)


def test_members_share_one_network(house):
    lan, = house.ask("status")["lan"]
    assert {p["ifname"] for p in lan["ports"]} == {"gl0", "gl1"}
    assert len({h.ip.rsplit(".", 1)[0] for h in (house.h1, house.h3)}) == 1


def roam(house, name, port):
    """Moves the host; what it sends next tells the house where it is."""
    house.plug(name, port)
    assert eventually(lambda: pings(house.machines[name], FAR))


def test_a_roaming_host_keeps_its_connection(house, tmp_path):
    (tmp_path / "file").write_bytes(bytes(64 << 20))
    house.serve_web(tmp_path)
    fetcher = house.h2.spawn(
        "curl", "-sS", "--max-time", "60", "--limit-rate", "16M",
        "-w", "%{size_download}", "-o", "/dev/null", f"http://{FAR}/file",
        stdout=subprocess.PIPE, text=True)
    for port in "gl1", "gl0", "gl1", "gl0":
        roam(house, "h2", port)
    said, _ = fetcher.communicate(timeout=70)
    assert int(said) == 64 << 20


def test_a_roaming_host_is_found_by_its_neighbours(house):
    for port in "gl1", "gl0":
        roam(house, "h1", port)
        assert pings(house.h1, house.h3.ip)
        assert eventually(lambda: pings(house.h4, house.h1.ip))


def test_a_mapping_follows_the_roaming_host(house):
    """What comes from outside finds it, though it only listens."""
    with house.far.udp(7000, FAR) as far, house.h4.udp(42000) as inside:
        inside.sendto(b"open", (FAR, 7000))
        _, outside = far.recvfrom(64)
        roam(house, "h4", "gl0")
        far.sendto(b"still there?", outside)
        assert inside.recv(64) == b"still there?"
        roam(house, "h4", "gl1")


def announce(host):
    """A gratuitous ARP, which the gate leaves to the kernel's bridge."""
    mac, ip = bytes.fromhex(host.mac.replace(":", "")), ip_address(host.ip)
    with host.frames("eth0") as wire:
        wire.send(b"\xff" * 6 + mac + bytes.fromhex("0806 0001 0800 0604 0001")
                  + mac + ip.packed + bytes(6) + ip.packed)


def knows(house, name, port):
    """The kernel was told; the engine holds back what comes too fast."""
    host = house.machines[name]
    return pings(host, FAR) and f"{host.mac} dev {port}" in house.gw.run(
        "bridge", "fdb", "show")


def is_found(far, inside, outside):
    """What far sends to 'outside' arrives inside within a few seconds."""
    inside.settimeout(0.2)

    def arrives():
        far.sendto(b"there?", outside)
        with contextlib.suppress(TimeoutError):
            return inside.recv(64) == b"there?"
        return False

    return eventually(arrives)


def test_a_host_that_moved_and_sent_only_arp_is_found(house):
    with house.far.udp(7001, FAR) as far, house.h4.udp(42001) as inside:
        inside.sendto(b"open", (FAR, 7001))
        _, outside = far.recvfrom(64)
        assert eventually(lambda: knows(house, "h4", "gl1"))
        house.plug("h4", "gl0")
        announce(house.h4)
        assert is_found(far, inside, outside)
        roam(house, "h4", "gl1")


def test_forwarding_entries_stay_fresh(house):
    """Traffic that bypasses the kernel's bridge must not let it forget."""
    bridge = house.gw.run("bridge", "-s", "fdb", "show")
    for host in house.h1, house.h2, house.h3, house.h4:
        assert host.mac in bridge


def test_a_host_behind_a_cable_pulled_is_found_elsewhere(house):
    """It moves and says nothing at all."""
    with house.far.udp(7002, FAR) as far, house.h4.udp(42002) as inside:
        inside.sendto(b"open", (FAR, 7002))
        _, outside = far.recvfrom(64)
        house.plug("h4", "gl0")
        house.switch.run("ip", "link", "set", "to-gl1", "down")
        try:
            assert is_found(far, inside, outside)
        finally:
            house.switch.run("ip", "link", "set", "to-gl1", "up")
            roam(house, "h4", "gl1")


# ---- a bridge delivers to its own stack what is sent to any member's address

def mac_of(house, dev):
    words = house.gw.run("ip", "-o", "link", "show", dev).split()
    return words[words.index("link/ether") + 1]


def udp_frame(to_mac, host, source, target, port):
    """A question from 'source', sent to 'to_mac' by the host's own port."""
    return (Ether(dst=to_mac, src=host.mac) / IP(src=source, dst=target)
            / UDP(sport=40000, dport=port) / b"who is there?")


def drops(house, reason):
    rows = {row["reason"]: row["packets"] for row in house.ask("drops")}
    return rows.get(reason, 0)


def is_for_nobody(house, name, member, mac):
    """Where the kernel routes, it takes only what is for the bridge or for the
    port that it came in by."""
    link, = json.loads(house.gw.run("ip", "-j", "link", "show", member))
    return (house.carrier == "nfqueue" and mac != mac_of(house, link["master"])
            and member != {"h1": "gl0", "h3": "gl1"}[name])


@pytest.mark.parametrize("name", ["h1", "h3"])
def test_a_members_own_address_is_no_way_round_the_gate(house, name):
    """Sent to gl0's and to gl1's own address, from both sides: no stranger
    gets an answer, and what is for the world is translated as ever."""
    host = house.machines[name]
    for member in "gl0", "gl1":
        mac = mac_of(house, member)
        before = drops(house, "spoofed")
        with host.frames("eth0") as wire, house.far.udp(7003, FAR) as far:
            stranger = udp_frame(mac, host, "192.0.2.66", LAN, 4)
            wire.send(bytes(stranger))
            assert eventually(lambda: drops(house, "spoofed") > before)
            if is_for_nobody(house, name, member, mac):
                continue
            wire.send(bytes(udp_frame(mac, host, host.ip, FAR, 7003)))
            said, outside = far.recvfrom(64)
            assert said == b"who is there?" and outside[0] == WAN
