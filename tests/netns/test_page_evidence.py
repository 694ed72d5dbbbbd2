"""Where the links of events lead, in a real browser: to the device, the minutes
or the names that the sentence is about."""
import pytest

from test_page_house import scan
from test_page_views import HEADS, PASSWORD, TEXT, go, log_in
from world import eventually

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def house(build_shared):
    """h1 has the page open, h2 is told of."""
    house = build_shared([["h1"], ["h2"]])
    house.serve_dns()
    house.start_gateway()
    house.h1.dhcp()
    house.h2.dhcp()
    house.gw.run(house.binary, "passwd", "--name", house.instance,
                 input=PASSWORD + "\n")
    return house


@pytest.fixture
def browser(shared_browser):
    """Logged in, and at the end without complaints."""
    log_in(shared_browser)
    yield shared_browser
    assert shared_browser.complaints() == []


def test_the_minutes_in_which_it_was(house, browser):
    """The device alone, and what it moved then."""
    scan(house.h2)
    found = eventually(lambda: [e for e in house.ask("events")["events"]
                                if e["kind"] == "scan-internet"], 60, 0.5)
    assert found
    go(browser, found[0]["link"].removeprefix("#/"))
    assert browser.eventually(
        "document.querySelector('.filters .chip')?.textContent"
        ".includes('h2')"), browser.look(TEXT)
    rows = "[...document.querySelectorAll('[aria-label=\"Traffic of the span\"]"\
        " tbody tr')]"
    assert browser.eventually(f"{rows}.length === 1 &&"
                              f" {rows}[0].textContent.includes('h2')"), \
        browser.look(TEXT)


def test_the_device(house, browser):
    go(browser, f"device/{house.h2.mac}")
    assert browser.eventually("document.querySelector('.profile-facts')"
                              "?.textContent.includes(args.ip)",
                              ip=house.h2.ip)


@pytest.mark.parametrize("place, head", [("names", "Names asked for"),
                                         ("overview", "Devices")])
def test_the_names_and_who_is_at_home(browser, place, head):
    go(browser, place)
    assert browser.eventually(f"{HEADS}.includes(args.head)", head=head)
