"""By which face the express lane carries a flow: as the owner chooses, as
drivers can, between ports of different carriers, and on the queue it came by.
"""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

from house import FAR
from lane import asks, carrier_of, echo, flows, merge_at_the_gateway, promote
from world import eventually, finish_checksums, wait_for_end

pytestmark = pytest.mark.carriers("xdp")


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1"]], express={"after_packets": 8})
    house.start_gateway()
    house.hand_out_leases()
    return house


def test_the_owner_can_choose_the_face(house):
    with echo(house, 7111), house.h1.udp(41006) as sock:
        promote(house, sock, house.h1, 7111, "xdp")
        inside = f"{house.h1.ip}:41006"
        try:
            for mode in "tc", "xdp":
                house.cli("set", f"express.mode={mode}")
                assert house.ask("status")["wan"]["express"] == mode
                assert eventually(
                    lambda: carrier_of(house, inside, 7111) == mode)
                assert asks(sock, 7111, mode.encode()) == mode.encode()
        finally:
            house.cli("set", "express.mode=auto")


# ---- drivers

SOON_S = 2      # the kernel tells; asked is every five seconds
GRACE_S = 3     # after a start rows are believed


@pytest.mark.parametrize("way", ["out", "in"])
def test_a_driver_that_can_no_more_loses_its_face_and_no_flow(house, way):
    """The other end of a veth decides whether this one transmits what XDP
    redirects. Where it does not, tc sends that way."""
    machine, dev = {"out": (house.isp, "street"),
                    "in": (house.h1, "eth0")}[way]
    assert eventually(lambda: house.ask("status")["uptime_s"] > GRACE_S)
    with echo(house, 7110), house.h1.udp(41070) as sock:
        promote(house, sock, house.h1, 7110, "xdp")
        inside = f"{house.h1.ip}:41070"
        machine.run("ethtool", "-K", dev, "gro", "off")
        try:
            assert eventually(
                lambda: carrier_of(house, inside, 7110) == "xdp+tc", SOON_S)
            sock.settimeout(1)
            for n in range(50):
                sock.sendto(b"%d" % n, (FAR, 7110))
                assert sock.recv(64) == b"%d" % n
            assert carrier_of(house, inside, 7110) == "xdp+tc"
        finally:
            machine.run("ethtool", "-K", dev, "gro", "on")
        began = time.monotonic()
        promote(house, sock, house.h1, 7110, "xdp")
        assert time.monotonic() - began < SOON_S


# ---- tc behind XDP

def test_behind_xdp_tc_goes_on_too(build, carrier):
    """What XDP passes on must meet its row at any time, or the machine itself
    would answer it, with a reset."""
    house = build([["h1"]], express={"after_packets": 8, "mode": "tc"})
    merge_at_the_gateway(house)
    house.start_gateway()
    house.hand_out_leases()
    server = house.far.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    assert eventually(lambda: ":5201" in house.far.run("ss", "-Hltn"))
    client = house.h1.spawn("iperf3", "-c", FAR, "-b", "80M", "-t", "10",
                            "--bidir", stdout=subprocess.DEVNULL)

    def by_tc():
        return flows(house, remote=f"{FAR}:5201", carried_by="tc")

    assert eventually(lambda: len(by_tc()) > 1, 8), flows(house)
    house.stop_gateway(signal.SIGKILL)
    time.sleep(1)
    house.start_gateway()
    assert eventually(lambda: len(by_tc()) > 1, 8), flows(house)
    house.gateway.send_signal(signal.SIGUSR2)
    assert wait_for_end(client, 60) == 0
    assert wait_for_end(server, 60) == 0


# ---- many queues

def by_queue(machine, dev, what):
    """What veth counted at each receive queue."""
    found = re.findall(rf"rx_queue_(\d+)_{what}: (\d+)",
                       machine.run("ethtool", "-S", dev))
    return {int(queue): int(count) for queue, count in found}


def engine_wakeups(house):
    """How often any thread of the gateway's has slept."""
    tasks = pathlib.Path(f"/proc/{house.gateway.pid}/task").glob("*/status")
    return sum(int(line.split()[1]) for task in tasks
               for line in task.read_text().splitlines()
               if line.startswith("voluntary_ctxt_switches"))


def test_a_queue_carries_what_came_by_it(build, carrier):
    """The program of the queue itself redirects, on the core that polls it:
    nobody is handed anything, and the engine sleeps. What is not promoted
    reaches the one engine from every queue."""
    house = build([["h1"]], queues=4, express={"after_packets": 8})
    house.start_gateway()
    house.hand_out_leases()
    with echo(house, 7112), contextlib.ExitStack() as stack:
        fresh = [stack.enter_context(house.h1.udp(42000 + n))
                 for n in range(48)]
        before = by_queue(house.gw, "gl0", "xdp_packets")
        for n, sock in enumerate(fresh):
            assert asks(sock, 7112, b"%d" % n) == b"%d" % n
        after = by_queue(house.gw, "gl0", "xdp_packets")
        assert all(after[q] > before[q] for q in range(4)), after
        heavy = fresh[:12]
        for sock in heavy:
            promote(house, sock, house.h1, 7112, "xdp")
        came = by_queue(house.gw, "gl0", "xdp_packets")
        went = by_queue(house.gw, "gl0", "xdp_redirect")
        slept = engine_wakeups(house)
        for n in range(100):
            for sock in heavy:
                sock.sendto(b"%d" % n, (FAR, 7112))
                assert sock.recv(64) == b"%d" % n
        slept = engine_wakeups(house) - slept
        came, went = ({q: now[q] - was[q] for q in was} for was, now in (
            (came, by_queue(house.gw, "gl0", "xdp_packets")),
            (went, by_queue(house.gw, "gl0", "xdp_redirect"))))
    assert sum(went.values()) >= 1200
    assert sum(count > 0 for count in came.values()) > 1
    for queue, count in came.items():
        assert count - 20 <= went[queue] <= count, (came, went)
    assert slept < 600, slept


def core_of(sock):
    """Which core brought this connected socket its latest datagram."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_INCOMING_CPU)


def sent_by(core, sock, far, n):
    """Cores that brought 'far' the datagrams that were sent on one of them."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        found = set()
        for i in range(n):
            sock.sendto(b"%d" % i, (FAR, far.getsockname()[1]))
            assert far.recv(64) == b"%d" % i
            found.add(core_of(far))
        return found
    finally:
        os.sched_setaffinity(0, mine)


def keep_engine_on(house, core):
    for task in pathlib.Path(f"/proc/{house.gateway.pid}/task").iterdir():
        if (task / "comm").read_text() == "engine\n":
            os.sched_setaffinity(int(task.name), {core})


def test_a_core_carries_what_came_by_it(build, carrier):
    """A cable hands its frames over on the core that sends them. A promoted
    flow's stay there all the way; the others come from the engine's core."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("one core carries everything")
    house = build([["h1"]], queues=4, express={"after_packets": 8})
    house.start_gateway()
    house.hand_out_leases()
    keep_engine_on(house, cores[0])
    with house.far.udp(7114, FAR, timeout=5) as far, \
            house.h1.udp(41090, timeout=5) as sock:
        sock.sendto(b"open", (FAR, 7114))
        far.connect(far.recvfrom(64)[1])
        house.cli("set", "express.mode=off")
        assert sent_by(cores[1], sock, far, 40) == {cores[0]}
        house.cli("set", "express.mode=auto")

        def carried():
            sent_by(cores[0], sock, far, 20)
            return carrier_of(house, f"{house.h1.ip}:41090", 7114) == "xdp"

        assert eventually(carried, 15)
        for core in cores:
            assert sent_by(core, sock, far, 200) == {core}


# ---- two carriers

@pytest.mark.parametrize("without", ["lan", "wan"])
def test_ports_of_different_carriers_share_the_lane(build, carrier, without):
    """A macvlan has no native XDP and transmits no frames of XDP: tc carries
    both ways, on the other port behind XDP."""
    house = build([["h1"]], carrier="auto", express={"after_packets": 8})
    finish_checksums(house.isp, "street")
    finish_checksums(house.h1, "eth0")
    if without == "lan":
        house.gw.sh("ip link set gl0 up;"
                    "sysctl -qw net.ipv4.conf.gl0.arp_ignore=1;"
                    "ip link add link gl0 name lan0 type macvlan mode passthru")
        house.lan_ports = ["lan0"]
    else:
        house.gw.sh("sysctl -qw net.ipv4.conf.gw0.arp_ignore=1;"
                    "ip addr flush dev gw0;"
                    "ip link add link gw0 name wan0 type macvlan mode passthru;"
                    "ip link set wan0 up;"
                    "ip addr add 203.0.113.2/24 dev wan0;"
                    "ip route add default via 203.0.113.1")
        house.wan = "wan0"
    house.start_gateway()
    house.hand_out_leases()
    status = house.ask("status")
    assert {status["wan"]["carrier"], status["lan"][0]["ports"][0]["carrier"]} \
        == {"xdp-copy", "nfqueue"}
    with echo(house, 7113), house.h1.udp(41080) as sock:
        promote(house, sock, house.h1, 7113, "tc")
        sock.settimeout(2)
        before, = flows(house, remote=f"{FAR}:7113")
        for n in range(50):
            sock.sendto(b"%d" % n, (FAR, 7113))
            assert sock.recv(64) == b"%d" % n
        after, = flows(house, remote=f"{FAR}:7113")
        assert after["carried_by"] == "tc"
        for key in "tx_packets", "rx_packets":
            assert after[key] - before[key] == 50
