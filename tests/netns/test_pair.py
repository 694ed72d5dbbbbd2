"""XDP beside a port instead of on it (xdp.at=pair): what the gate at tc leaves
to the engine goes to its sockets by a pair of devices of the gateway's own.
The suites of the NAT run on it with CARRIERS=pair."""
import contextlib
import json
import signal
import subprocess

import pytest

from house import FAR, WAN, machine_state
from lane import carrier_of, echo, flows, merge_at_the_gateway, promote
from world import eventually, heard, wait_for_end

BESIDE = ("xdp-copy", "xdp.at=pair")
MEGABYTES = 64


def ways(house):
    """{port: (carrier, why)}"""
    said = house.ask("status")
    ports = [said["wan"], *said["lan"][0]["ports"]]
    return {port["ifname"]: (port["carrier"], port["why"]) for port in ports}


def own_devices(house):
    return {link["ifname"] for link
            in json.loads(house.gw.run("ip", "-j", "link", "show", "type",
                                       "veth"))
            if link["ifname"].startswith(house.instance)}


def has_xdp(house, dev):
    return "prog/xdp" in house.gw.run("ip", "link", "show", dev)


def pings(house):
    return "ttl=" in house.h1.attempt("ping", "-c", "1", "-W", "5",
                                      FAR).stdout


@pytest.mark.parametrize("lans", [[["h1"]], [["h1"], ["h2", "h3"]]],
                         ids=["port", "bridge"])
def test_a_house_at_work_and_nothing_is_left(build, lans):
    """Super-packets and unfinished checksums come in, by flows that the engine
    carries and by those that it hands on."""
    house = build(lans, carrier="pair", express={"after_packets": 200})
    merge_at_the_gateway(house)
    before = machine_state(house.gw)
    house.start_gateway()
    assert set(ways(house).values()) == {BESIDE}
    assert len(own_devices(house)) == 2 * (1 + len(lans))
    assert not any(has_xdp(house, dev) for dev in ("gw0", *house.lan_ports))
    house.hand_out_leases()
    server = house.far.spawn("iperf3", "-s", stdout=subprocess.DEVNULL)
    assert eventually(lambda: ":5201" in house.far.run("ss", "-Hltn"))
    for way in (), ("-R",):
        for mode in "off", "auto":
            house.cli("set", f"express.mode={mode}")
            house.h1.run("iperf3", "-c", FAR, "-n", f"{MEGABYTES}M", *way,
                         timeout=60)
    assert flows(house, remote=f"{FAR}:5201")
    house.far.end(server)
    house.h1.run("ping", "-c", "1", "-W", "5", "-s", "3000", FAR)
    assert house.stop_gateway() == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == before) \
        or machine_state(house.gw) == before


@pytest.fixture
def house(build):
    house = build([["h1"]], carrier="pair", express={"after_packets": 8})
    house.start_gateway()
    house.hand_out_leases()
    return house


def test_the_owner_moves_xdp_and_no_flow_is_lost(house):
    """To the port and back while a download runs and a mapping stands."""
    server = house.far.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    assert eventually(lambda: ":5201" in house.far.run("ss", "-Hltn"))
    client = house.h1.spawn("iperf3", "-c", FAR, "-R", "-b", "40M", "-t", "8",
                            stdout=subprocess.DEVNULL)
    with echo(house, 7111), house.h1.udp(41006) as sock:
        promote(house, sock, house.h1, 7111, "tc")
        outside = flows(house, remote=f"{FAR}:7111")[0]["outside"]
        for at, face in ("port", "xdp"), ("pair", "tc"):
            house.cli("set", f"xdp.at={at}")
            assert eventually(lambda: has_xdp(house, "gl0") == (at == "port"))
            assert eventually(
                lambda: len(own_devices(house)) == 4 * (at == "pair"))
            promote(house, sock, house.h1, 7111, face)
            assert flows(house, remote=f"{FAR}:7111")[0]["outside"] == outside
    assert wait_for_end(client, 60) == 0
    assert wait_for_end(server, 60) == 0


def test_after_a_kill_the_next_run_goes_on_with_it(house):
    there = own_devices(house)
    with echo(house, 7112), house.h1.udp(41007) as sock:
        promote(house, sock, house.h1, 7112, "tc")
        house.stop_gateway(signal.SIGKILL)
        # What tc carries needs no engine.
        sock.sendto(b"still", (FAR, 7112))
        assert sock.recv(64) == b"still"
        house.start_gateway()
        assert own_devices(house) == there
        assert carrier_of(house, f"{house.h1.ip}:41007", 7112) == "tc"
    assert pings(house)


@pytest.mark.parametrize("what", [
    "ip link del {}-n1", "ip link set {0}-n1 down name {0}-x",
    "ip link set {}-n1 down", "ip link set {}-f0 down",
    "ip link set {}-f1 xdp off", "tc qdisc del dev {}-n1 clsact",
    "tc qdisc del dev gl0 clsact"],
    ids=["pair", "name", "down", "far-down", "xdp", "near", "port"])
def test_what_somebody_takes_is_put_back(house, what):
    there = own_devices(house)
    house.gw.attempt("sh", "-c", what.format(house.instance))
    assert eventually(lambda: own_devices(house) == there), house.log()
    assert eventually(lambda: pings(house), 15), house.log()


def test_without_the_classifier_the_wan_stays_shut(house):
    """Even when nobody is there to put it back."""
    with house.gw.tcp(3333) as server:
        server.listen()
        house.stop_gateway(signal.SIGKILL)
        house.gw.run("tc", "qdisc", "del", "dev", "gw0", "clsact")
        with house.isp.tcp(timeout=1) as stranger, \
                pytest.raises(TimeoutError):
            stranger.connect((WAN, 3333))
    house.start_gateway()
    assert eventually(lambda: pings(house), 15), house.log()


def test_a_name_that_is_taken_leaves_xdp_at_the_port(build):
    house = build([["h1"]], carrier="pair")
    house.gw.run("ip", "link", "add", f"{house.instance}-n0", "type", "bridge")
    house.start_gateway()
    assert ways(house) == {"gw0": ("xdp-copy", "--path xdp"), "gl0": BESIDE}
    assert "rename or delete it" in house.log()
    house.hand_out_leases()
    assert pings(house)


def test_what_the_machine_says_by_the_pair_stays_within(house):
    """A DHCP client that asks on every device, for one."""
    question = b"\xff" * 6 + bytes.fromhex("0200000000aa0800") + bytes(64)
    ends = own_devices(house)
    assert len(ends) == 4
    with house.h1.frames("eth0") as home, house.isp.frames("street") as street:
        for end in ends:
            with house.gw.frames(end) as said, \
                    contextlib.suppress(OSError):   # as the hook likes
                said.send(question)
        assert pings(house)
        assert question not in heard(home) + heard(street)


def test_a_port_whose_tc_hook_is_taken_keeps_its_xdp(build):
    """By a discipline that is no clsact: told, and the house goes on."""
    house = build([["h1"]], carrier="pair")
    house.gw.run("tc", "qdisc", "add", "dev", "gl0", "ingress")
    house.start_gateway()
    assert ways(house) == {"gw0": BESIDE, "gl0": ("xdp-copy", "--path xdp")}
    assert "make it clsact" in house.log()
    house.hand_out_leases()
    assert pings(house)
    for at in "port", "pair":
        house.cli("set", f"xdp.at={at}")
        assert eventually(lambda: has_xdp(house, "gw0") == (at == "port"))
        assert eventually(lambda: pings(house), 15), house.log()
    assert len(own_devices(house)) == 2


def test_a_tc_hook_that_is_lost_for_good_brings_xdp_to_the_port(house):
    house.gateway.send_signal(signal.SIGSTOP)
    house.gw.sh("tc qdisc del dev gl0 clsact; tc qdisc add dev gl0 ingress")
    house.gateway.send_signal(signal.SIGCONT)
    assert eventually(lambda: has_xdp(house, "gl0"), 20), house.log()
    assert eventually(lambda: pings(house), 15), house.log()
    assert len(own_devices(house)) == 2


def test_other_words_are_refused(house):
    said = house.gw.attempt(house.binary, "set", "xdp.at=nowhere", "--name",
                            house.instance)
    assert said.returncode and "port or pair" in said.stderr
