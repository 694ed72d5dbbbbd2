"""Quick to start; at rest it costs next to nothing."""
import os
import time

import pytest

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def house(build_shared):
    """Two ports of one queue each, nobody talking."""
    return build_shared([["h1"]])


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_ready_within_a_second_of_work(house):
    """Mostly the kernel's, which checks the programs. Work and not time:
    others may be busy on this machine."""
    house.start_gateway()
    assert cpu_seconds(house.gateway.pid) < 1.0


def test_no_traffic_no_cpu(house):
    time.sleep(2)
    begin = cpu_seconds(house.gateway.pid)
    time.sleep(10)
    assert cpu_seconds(house.gateway.pid) - begin <= 0.10


def test_untouched_tables_take_no_memory(house):
    with open(f"/proc/{house.gateway.pid}/status") as file:
        rss, = (int(l.split()[1]) for l in file if l.startswith("VmRSS:"))
    assert rss <= 64 * 1024
