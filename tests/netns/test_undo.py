"""After SIGTERM the machine is as it was, down to the last sysctl."""
import signal

import pytest

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
