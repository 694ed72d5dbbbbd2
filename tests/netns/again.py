"""How a gateway may come again: the same process anew, or another after a kill.
"""
import signal

import pytest

from world import Failed, eventually


def kill_and_start(house):
    house.stop_gateway(signal.SIGKILL)
    house.start_gateway()


def restart(house):
    """By the command; it is the same process that goes on."""
    ready = house.log().splitlines().count("ready")
    house.cli("restart")
    if not eventually(lambda: house.log().splitlines().count("ready") > ready,
                      30):
        raise Failed("not ready again:\n" + house.log())


AGAIN = pytest.mark.parametrize("again", [kill_and_start, restart])
