"""Every view by keyboard alone, and greyed while the gateway is away."""
import pytest

from test_page import AXE, LIVE
from test_page_views import FULL, PASSWORD, go, log_in

pytestmark = pytest.mark.long

VIEWS = ["overview", "device", "traffic", "nat", "nat/ports", "nat/forwards",
         "nat/drops", "names", "names/lists", "names/addresses", "events",
         "settings"]
# What can be done there; what is hidden, or one of several in a group, is not
# walked to.
DEEDS = "[...document.querySelectorAll('main a[href], main button, main input," \
    " main select, main [tabindex=\"0\"]')].filter(e => e.offsetParent &&" \
    " !e.disabled && !e.closest('[hidden]'))"


@pytest.fixture(scope="module")
def house(build_shared):
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
    log_in(shared_browser)
    return shared_browser


def visit(house, browser, view):
    go(browser, f"device/{house.h2.mac}" if view == "device" else view)
    assert browser.eventually("!!document.querySelector('main h2')")
    assert browser.eventually(FULL if view != "overview" else
                              "!!document.querySelector('.devices tbody tr')")


@pytest.mark.parametrize("view", VIEWS)
def test_tab_reaches_all_there_is(house, browser, view):
    """Each thing once, none is a trap, and one sees where one is."""
    visit(house, browser, view)
    # Rows that come meanwhile are not counted.
    left, unseen = browser.do("""
        const all = await page.evaluate((deeds) => {
          const found = eval2(deeds);
          found.forEach((e, i) => { e.dataset.walk = String(i); });
          document.activeElement?.blur();
          return found.length;
        }, args.deeds);
        const met = new Set();
        const unseen = [];
        for (let i = 0; i < all + 60 && met.size < all; i++) {
          await page.keyboard.press("Tab");
          const at = await page.evaluate(() => {
            const e = document.activeElement;
            const style = getComputedStyle(e);
            return [e.dataset?.walk ?? null, style.outlineStyle !== "none" &&
                    parseFloat(style.outlineWidth) >= 1, e.outerHTML.slice(0, 90)];
          });
          if (at[0] === null)
            continue;
          met.add(at[0]);
          if (!at[1])
            unseen.push(at[2]);
        }
        return [await page.evaluate((met) => [...document.querySelectorAll("[data-walk]")]
          .filter(e => !met.includes(e.dataset.walk)).map(e => e.outerHTML.slice(0, 90)),
          [...met]), unseen];
        """.replace("eval2(deeds)", DEEDS), deeds="")
    assert left == []
    assert unseen == []


def test_what_is_old_is_grey_in_every_view(house, browser):
    """It stays, with its age in the head; and comes to life by itself."""
    for view in VIEWS:
        visit(house, browser, view)
    assert house.stop_gateway() == 0
    for view in ("settings", "traffic", "device", "overview"):
        place = f"device/{house.h2.mac}" if view == "device" else view
        browser.look("location.hash = '#/' + args.place", place=place)
        assert browser.eventually(
            "document.querySelector('main.stale') && / old$/.test("
            "document.querySelector('.freshness-state').textContent)"), view
        assert browser.do(AXE) == [], view
    house.start_gateway()
    assert browser.eventually(LIVE)
    assert browser.look("!document.querySelector('main.stale')")
    browser.complaints()
