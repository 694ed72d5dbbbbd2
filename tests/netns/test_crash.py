"""kill -9 leaves a mess that the next start, or `stop --clean`, clears."""
import signal

import pytest

from house import FAR, WAN, bpf_alive, bpf_ids, machine_state
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")


@pytest.fixture(params=[[["h1"]], [["h1"], ["h2", "h3"]]],
                ids=["port", "bridge"])
def killed(build, request):
    """A house whose gateway was killed at work, and how it was before."""
    house = build(request.param)
    before = machine_state(house.gw)
    house.start_gateway()
    house.hand_out_leases()
    house.h1.run("ping", "-c", "1", "-W", "10", FAR)
    held = bpf_ids(house.gateway.pid)
    house.stop_gateway(signal.SIGKILL)
    return house, before, held


def same(house, before):
    return eventually(lambda: machine_state(house.gw) == before) \
        or machine_state(house.gw) == before


def test_nothing_is_answered_meanwhile(killed):
    """Fail closed: no engine, no reset to anybody, no way in."""
    house, _, _ = killed
    with house.isp.tcp(timeout=1) as stranger, \
            pytest.raises(TimeoutError):
        stranger.connect((WAN, 41234))


def test_the_next_start_serves_and_ends_clean(killed):
    house, before, held = killed
    house.start_gateway()
    house.h1.run("ping", "-c", "1", "-W", "10", FAR)
    assert house.stop_gateway() == 0, house.log()
    assert same(house, before)
    assert eventually(lambda: not bpf_alive(held)), bpf_alive(held)


def test_clean_undoes_without_starting(killed):
    house, before, held = killed
    house.cli("stop", "--clean")
    assert same(house, before)
    assert eventually(lambda: not bpf_alive(held)), bpf_alive(held)


def test_clean_on_a_clean_machine_changes_nothing(build):
    house = build()
    before = machine_state(house.gw)
    house.cli("stop", "--clean")
    assert machine_state(house.gw) == before
