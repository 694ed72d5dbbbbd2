"""History over what goes wrong: a kill, a disk that is full, a file that is cut
short. What was saved is there again, and nobody is kept from the internet."""
import signal

import pytest

from again import kill_and_start, restart
from test_express import asks, echo
from test_history import history
from world import eventually


@pytest.fixture(scope="module")
def house(build_shared):
    """Its state is on a disk of four megabytes."""
    house = build_shared([["h1"]])
    house.gw.run("mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", house.state)
    house.start_gateway()
    house.hand_out_leases()
    return house


@pytest.fixture
def talk(house):
    """So many bytes more of h1, and what history has of it then."""
    with echo(house, 7200), house.h1.udp(41200) as sock:
        def more(times):
            before = had(house)
            for _ in range(times):
                assert asks(sock, 7200, bytes(500))
            assert eventually(lambda: had(house) >= before + 500 * times)
            return had(house)
        yield more


def had(house):
    return history(house, device=house.h1.mac)["total"]["rx"]


def in_state(house, command):
    return house.gw.sh(f"cd {house.state}; {command}")


def test_a_kill_loses_what_was_not_saved(house, talk):
    saved = talk(5)
    restart(house)      # which saves
    assert eventually(lambda: had(house) == saved, 10)
    assert talk(5) > saved
    kill_and_start(house)
    assert eventually(lambda: had(house) == saved, 10), (had(house), saved)
    assert not in_state(house, "ls").count("broken")


def test_a_full_disk_keeps_what_is_on_it(house, talk):
    saved = had(house)
    in_state(house, "cp history.bin /run/kept; "
                    "dd if=/dev/zero of=filler bs=4k 2>/dev/null || true")
    assert talk(2000) > saved
    restart(house)
    assert "history.bin: cannot be written: No space left" in house.log()
    in_state(house, "cmp history.bin /run/kept")
    assert eventually(lambda: had(house) == saved, 10)
    assert talk(5) > saved
    in_state(house, "rm filler")
    saved = had(house)
    restart(house)
    assert eventually(lambda: had(house) == saved, 10)


def test_of_a_file_that_was_cut_the_rest_is_read(house, talk):
    """It ends within its last frame, as after a crash of the machine. That one
    tells of the time after the last save, in which nothing moved."""
    saved = talk(20)
    assert house.stop_gateway(signal.SIGTERM) == 0
    in_state(house, "truncate -s -7 history.bin")
    house.start_gateway()
    assert eventually(lambda: "history.bin is broken" in house.log(), 10)
    assert in_state(house, "ls").count("history.bin.broken")
    assert had(house) == saved
    assert talk(5) >= 5 * 500
