"""Fixtures: a house with everything running, and a builder of other houses."""
import os
import pathlib
import subprocess

import pytest

from browser import URL, Browser
from house import ASAN, BINARY, CARRIERS, House
from owner import log_in

pytest_plugins = ["suite"]
HOUSES = []


def pytest_sessionstart(session):
    if os.geteuid():
        pytest.exit("tests/netns: root is needed for namespaces", 1)
    if not BINARY.exists():
        pytest.exit(f"tests/netns: {BINARY} is not there: run make", 1)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the gateways said."""
    report = (yield).get_result()
    if report.failed:
        for house in HOUSES:
            report.sections.append((f"gateway of {house.instance}",
                                    "\n".join(house.log().splitlines()[-60:])))


def pytest_generate_tests(metafunc):
    """What is marked 'carriers' runs on each of these, all else on the first:
    a page or a lease does not ask what brought the packet."""
    marker = metafunc.definition.get_closest_marker("carriers")
    if marker and "carrier" in metafunc.fixturenames:
        wanted = [c for c in CARRIERS
                  if {"pair": "xdp"}.get(c, c) in marker.args]
        metafunc.parametrize("carrier", wanted, scope="module", indirect=True)


@pytest.fixture(scope="module")
def carrier(request):
    return getattr(request, "param", CARRIERS[0])


def _builder(carrier):
    """Builds houses until the context ends, then takes them down."""
    built = []

    def build(*args, **options):
        house = House(*args, **{"carrier": carrier} | options)
        built.append(house)
        HOUSES.append(house)
        return house

    yield build
    for house in built:
        HOUSES.remove(house)
        house.close()


@pytest.fixture
def build(carrier):
    yield from _builder(carrier)


@pytest.fixture(scope="module")
def build_shared(carrier):
    yield from _builder(carrier)


@pytest.fixture(scope="module")
def house(build_shared):
    """A gateway at work: h1 alone on one port, h2 and h3 on a switch."""
    house = build_shared([["h1"], ["h2", "h3"]])
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    return house


@pytest.fixture(scope="module")
def shared_browser(house):
    """On h1, for all tests of a file."""
    browser = Browser(house.h1, URL)
    yield browser
    browser.close()


@pytest.fixture
def browser(shared_browser):
    """The owner's, let in; at the end without complaints."""
    log_in(shared_browser)
    yield shared_browser
    assert shared_browser.complaints() == []


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """Where screenshots go; SHOTS=DIR keeps them."""
    folder = pathlib.Path(os.environ.get("SHOTS")
                          or tmp_path_factory.mktemp("shots"))
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def asan_binary():
    if not ASAN.exists():
        subprocess.run(["make", "asan"], check=True, cwd=ASAN.parent.parent)
    return ASAN
