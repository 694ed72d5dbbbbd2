"""Ended, killed, started again, at work: nobody outside may notice more than a
pause. The street and the hosts' own wires are watched for resets meanwhile."""
import json
import os
import signal
import subprocess
import time

import pytest

from again import AGAIN, restart
from house import FAR, WAN, machine_state
from watch import no_resets, strangers
from world import eventually


def pings(host, target=FAR):
    return not host.attempt("ping", "-c", "1", "-W", "1", target).returncode


pytestmark = [pytest.mark.carriers("xdp", "nfqueue"), pytest.mark.long]


@pytest.fixture(params=[[["h1"]], [["h1"], ["h2", "h3"]]],
                ids=["port", "bridge"])
def house(build, request, carrier):
    house = build(request.param)
    house.before = machine_state(house.gw)
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    assert eventually(lambda: pings(house.h1))
    return house


def gate(house):
    """What the gate is made of, by the kernel's own numbers: the programs that
    sit on ports, and the links by which they do."""
    net, = json.loads(house.gw.run("bpftool", "-j", "net"))
    links = json.loads(house.gw.run("bpftool", "-j", "link"))
    programs = {(port["devname"], port["id"])
                for port in net["xdp"] + net["tc"]}
    numbers = {number for _, number in programs}
    return programs | {(link["id"], link["prog_id"]) for link in links
                       if link.get("prog_id") in numbers}


@AGAIN
def test_the_gate_stands_while_no_process_does(house, again):
    """The same programs on the same links; the kernel never sees a stranger."""
    was = gate(house)
    assert was
    with strangers(house, WAN), no_resets((house.isp, "street"),
                                          (house.h1, "eth0")):
        again(house)
        assert eventually(lambda: pings(house.h1))
    assert gate(house) == was


# nat.md 32
def test_killed_it_lets_nothing_through(house):
    with strangers(house, WAN), no_resets((house.isp, "street"),
                                          (house.h1, "eth0")), \
            house.isp.frames("street") as street:
        house.stop_gateway(signal.SIGKILL)
        assert not pings(house.h1)
        with house.far.tcp(timeout=1) as far, pytest.raises(TimeoutError):
            far.connect((WAN, 41234))
        street.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                frame = street.recv(2048)
                assert frame[12:14] != b"\x08\x00" or frame[26] != 10


@AGAIN
def test_restarted_and_ended_the_machine_is_as_it_was(house, again):
    for _ in range(5):
        again(house)
    assert pings(house.h1)
    assert house.stop_gateway() == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == house.before) \
        or machine_state(house.gw) == house.before


@AGAIN
def test_home_notices_nothing(house, again):
    """Address, network and lease are the same."""
    was = house.h1.run("ip", "-br", "addr", "show", "eth0")
    net = house.ask("status")["lan"]
    again(house)
    assert house.ask("status")["lan"] == net
    assert house.h1.run("ip", "-br", "addr", "show", "eth0") == was
    assert house.h1.ip in [lease["ip"] for lease in house.ask("leases")]


def test_nobody_comes_between_a_restart(house):
    """The instance is taken all the while."""
    lock = f"/run/portcullis/{house.instance}.lock"
    rival = house.gw.spawn("sh", "-c", f"until flock -n {lock} true; do :; done")
    for _ in range(3):
        restart(house)
    assert rival.poll() is None
    assert "is running already" in house.gw.attempt(*house.command()).stderr
    assert house.stop_gateway() == 0
    assert rival.wait(30) == 0


PAUSES = (0, 0.003, 0.004, 0.01, 0.02, 0.04, 0.08, 0.15)


def test_asked_again_while_it_starts_anew(house):
    """At any moment of it: it goes on, as the same process."""
    for pause in PAUSES:
        house.gateway.send_signal(signal.SIGUSR2)
        time.sleep(pause)
        house.gateway.send_signal(signal.SIGUSR2)
        time.sleep(1)
        assert house.gateway.poll() is None, pause
        assert eventually(lambda: house.log().splitlines()[-1] == "ready")
    assert eventually(lambda: pings(house.h1))


@pytest.mark.parametrize("pause", PAUSES)
def test_told_to_end_while_it_starts_anew(house, pause):
    house.gateway.send_signal(signal.SIGUSR2)
    time.sleep(pause)
    assert house.stop_gateway() == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == house.before) \
        or machine_state(house.gw) == house.before


def test_settings_changed_meanwhile_hold(house):
    """By hand, in the file, while nothing runs."""
    house.cli("set", "wan.open=tcp:7777")
    house.stop_gateway(signal.SIGKILL)
    path = house.state / "settings.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps(settings).replace("7777", "7778"))
    house.start_gateway()
    with house.gw.tcp(7777) as old, house.gw.tcp(7778) as new:
        old.listen()
        new.listen()
        with house.isp.tcp() as client:
            client.connect((WAN, 7778))
        with house.isp.tcp(timeout=1) as client, pytest.raises(TimeoutError):
            client.connect((WAN, 7777))


def test_another_network_asked_for(house):
    house.stop_gateway(signal.SIGKILL)
    house.start_gateway("--lan-net", "192.168.44.1/24")
    assert "10.77.0.1" not in house.gw.run("ip", "addr")
    house.h1.end(house.h1.client)
    house.h1.sh("ip addr flush dev eth0")
    assert house.h1.dhcp()["ip"].startswith("192.168.44.")
    assert pings(house.h1)
    assert house.stop_gateway() == 0
    assert eventually(lambda: machine_state(house.gw) == house.before)


def test_fewer_ports_asked_for(build):
    """A bridge is no longer needed, and goes."""
    house = build([["h1"], ["h2"]])
    before = machine_state(house.gw)
    house.start_gateway()
    house.stop_gateway(signal.SIGKILL)
    house.lan_ports = ["gl0"]
    house.start_gateway()
    assert "the ports are others now" in house.log()
    assert "master" not in house.gw.run("ip", "link")
    house.h1.dhcp()
    assert pings(house.h1)
    assert house.stop_gateway() == 0
    assert eventually(lambda: machine_state(house.gw) == before)


def test_more_ports_asked_for(build):
    house = build([["h1"], ["h2"], ["h3"]])
    before = machine_state(house.gw)
    house.lan_ports = ["gl0", "gl1"]
    house.start_gateway()
    house.h1.dhcp()
    house.stop_gateway(signal.SIGKILL)
    house.lan_ports = ["gl0", "gl2"]
    house.start_gateway()
    house.h3.dhcp()
    assert pings(house.h3) and pings(house.h1)
    members = house.gw.run("bridge", "link")
    assert "gl2" in members and "gl1" not in members
    assert house.stop_gateway() == 0
    assert eventually(lambda: machine_state(house.gw) == before)


def test_another_version_means_a_clean_start(house):
    """What an older version would have pinned."""
    root = f"/sys/fs/bpf/{house.instance}"
    house.stop_gateway(signal.SIGKILL)
    house.gw.sh(f"mkdir {root}/v0; mv {root}/v*/* {root}/v0/ 2>/dev/null;"
                f"find {root} -mindepth 1 -maxdepth 1 ! -name v0 -delete")
    house.start_gateway()
    assert house.log().count("another version") == 1
    assert pings(house.h1)
    assert "/v0" not in house.gw.run("find", root)
    assert house.stop_gateway() == 0
    assert eventually(lambda: machine_state(house.gw) == house.before)


def test_killed_while_it_starts(build):
    """At whatever rung: the next start finds its way, and ends clean."""
    house = build([["h1"], ["h2"]])
    before = machine_state(house.gw)
    for ms in 0, 5, 10, 20, 30, 40, 60, 80, 120, 160:
        child = house.gw.spawn(*house.command(), env=house.env,
                               stdout=open(os.devnull, "w"),
                               stderr=open(house.log_file, "a"))
        try:
            child.wait(ms / 1000)
        except Exception:
            child.kill()
            child.wait()
    house.start_gateway()
    house.h1.dhcp()
    assert pings(house.h1)
    assert house.stop_gateway() == 0, house.log()
    assert eventually(lambda: machine_state(house.gw) == before) \
        or machine_state(house.gw) == before


def test_ended_at_work_the_machine_is_as_it_was(house):
    """SIGTERM with strangers at the door and a flow under way."""
    house.far.spawn("iperf3", "-s", "-1", stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
    eventually(lambda: "5201" in house.far.run("ss", "-Hltn"))
    client = house.h1.spawn("iperf3", "-c", FAR, "-R", "-t", "20", "-b", "50M",
                            stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
    assert eventually(lambda: any(f["rx_bytes"] > 1 << 20
                                  for f in house.ask("flows")), 10)
    with strangers(house, WAN):
        assert house.stop_gateway() == 0, house.log()
        assert eventually(lambda: machine_state(house.gw) == house.before) \
            or machine_state(house.gw) == house.before
    house.h1.end(client)
