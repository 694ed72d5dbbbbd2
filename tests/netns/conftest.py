"""Fixtures: a house with everything running, and a builder of other houses."""
import os
import subprocess

import pytest

from house import ASAN, BINARY, House

HOUSES = []


def pytest_sessionstart(session):
    if os.geteuid():
        pytest.exit("tests/netns: root is needed for namespaces", 1)
    if not BINARY.exists():
        pytest.exit(f"tests/netns: {BINARY} is not there: run make", 1)


def pytest_terminal_summary(terminalreporter):
    """scripts/test adds these up."""
    if "RESULTS" in os.environ:
        count = {kind: len(terminalreporter.stats.get(kind, ()))
                 for kind in ("passed", "failed", "error")}
        with open(os.environ["RESULTS"], "a") as results:
            print(count["passed"], count["failed"] + count["error"],
                  file=results)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the gateways said."""
    report = (yield).get_result()
    if report.failed:
        for house in HOUSES:
            report.sections.append((f"gateway of {house.instance}",
                                    "\n".join(house.log().splitlines()[-60:])))


def _builder():
    """Builds houses until the context ends, then takes them down."""
    built = []

    def build(*args, **options):
        house = House(*args, **options)
        built.append(house)
        HOUSES.append(house)
        return house

    yield build
    for house in built:
        HOUSES.remove(house)
        house.close()


@pytest.fixture
def build():
    yield from _builder()


@pytest.fixture(scope="module")
def build_shared():
    yield from _builder()


@pytest.fixture(scope="module")
def house(build_shared):
    """A gateway at work: h1 alone on one port, h2 and h3 on a switch."""
    house = build_shared([["h1"], ["h2", "h3"]])
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    return house


@pytest.fixture(scope="session")
def asan_binary():
    if not ASAN.exists():
        subprocess.run(["make", "asan"], check=True, cwd=ASAN.parent.parent)
    return ASAN
