"""Every view by keyboard alone, and greyed while the gateway is away, until it is
back: then all goes on by itself."""
import contextlib
import subprocess

import pytest

import mmdb
from browser import read_as
from house import FAR, LAN
from owner import LIVE, go, log_in, set_password
from test_page import AXE, SIZES, TOKENS
from test_page_house import scan
from test_page_views import FULL
from world import eventually

pytestmark = pytest.mark.long

VIEWS = ["overview", "device", "traffic", "nat", "nat/ports", "nat/forwards",
         "nat/drops", "names", "names/lists", "names/addresses", "events",
         "settings"]
# What can be done there; what is hidden, or one of several in a group, is not
# walked to.
DEEDS = "[...document.querySelectorAll('main a[href], main button, main input," \
    " main select, main [tabindex=\"0\"]')].filter(e => e.offsetParent &&" \
    " !e.disabled && !e.closest('[hidden]'))"
OLD = "document.querySelector('main.stale') && / old$/.test(" \
    "document.querySelector('.freshness-state').textContent)"


@pytest.fixture(scope="module")
def house(build_shared):
    """h1 has the page open, h2 is looked at; where FAR is, is known."""
    house = build_shared([["h1"], ["h2"]])
    mmdb.write(house.state / "country.mmdb", {"198.51.100.0/24": "DE"})
    house.serve_dns()
    house.start_gateway()
    house.h1.dhcp()
    house.h2.dhcp()
    set_password(house)
    return house


@pytest.fixture
def browser(shared_browser):
    log_in(shared_browser)
    yield shared_browser
    shared_browser.do("await page.unrouteAll()")


def place_of(house, view):
    return f"device/{house.h2.mac}" if view == "device" else view


def visit(house, browser, view):
    go(browser, place_of(house, view))
    assert browser.eventually("!!document.querySelector('main h2')")
    assert browser.eventually(FULL if view != "overview" else
                              "!!document.querySelector('.devices tbody tr')")


def walk(browser):
    """With Tab; what was not reached, and where one did not see where one is.
    Rows that come meanwhile are not counted."""
    return browser.do("""
        const all = await page.evaluate((deeds) => {
          const found = eval2(deeds);
          document.querySelectorAll("[data-walk]").forEach((e) => {
            delete e.dataset.walk;
          });
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


@pytest.mark.parametrize("view", VIEWS)
def test_tab_reaches_all_there_is(house, browser, view):
    """Each thing once, none is a trap, and one sees where one is."""
    for width, height in SIZES.values():
        browser.do("await page.setViewportSize(args)", width=width,
                   height=height)
        visit(house, browser, view)
        left, unseen = walk(browser)
        assert left == [], width
        assert unseen == [], width


def tab_to(browser, selector):
    """From where one is."""
    assert browser.do("""
        for (let i = 0; i < 150; i++) {
          await page.keyboard.press("Tab");
          if (await page.evaluate((wanted) =>
            document.activeElement.matches(wanted), args.selector))
            return true;
        }
        return false;
        """, selector=selector), selector


def press(browser, *keys):
    browser.do("for (const key of args.keys) await page.keyboard.press(key)",
               keys=keys)


def test_a_setting_is_made_and_undone_by_keyboard(house, browser):
    visit(house, browser, "settings")
    tab_to(browser, "#set-history-budget_mib")
    browser.do("await page.keyboard.press('Control+A');"
               "await page.keyboard.type('32')")
    press(browser, "Enter")
    assert eventually(lambda: house.ask("get", "history.budget_mib") == 32, 20)
    assert browser.eventually("document.activeElement.nextElementSibling"
                              "?.hidden === false")
    tab_to(browser, "[aria-label^='Undo: Memory for the traffic']")
    press(browser, "Enter")
    assert eventually(lambda: house.ask("get", "history.budget_mib") == 64, 20)
    assert browser.look("document.activeElement.id") == "set-history-budget_mib"


def test_a_name_is_blocked_and_let_through_by_keyboard(house, browser):
    house.h2.run("dig", "+short", f"@{LAN}", "example.net")
    visit(house, browser, "names")
    verdict = ".list button[aria-label$='example.net']"
    tab_to(browser, verdict)
    press(browser, "Enter")
    assert eventually(lambda: house.ask("get", "dns.block")
                      == ["example.net"], 20)
    assert browser.eventually("document.activeElement.textContent === 'Undo'")
    press(browser, "Enter")
    assert eventually(lambda: house.ask("get", "dns.block") == [], 20)


def test_an_event_is_found_and_followed_by_keyboard(house, browser):
    scan(house.h2)
    assert eventually(lambda: any(e["kind"] == "scan-internet" for e in
                                  house.ask("events")["events"]), 60, 0.5)
    visit(house, browser, "events")
    rows = "[...document.querySelectorAll('[aria-label=Events] tbody tr')]"
    assert browser.eventually(f"{rows}.length > 0")
    tab_to(browser, ".adder select")
    browser.do("await page.keyboard.type('scan')")
    assert browser.eventually(f"{rows}.length > 0 && {rows}.every("
                              "e => e.textContent.includes('scan of the'))")
    tab_to(browser, "[aria-label=Events] a")
    press(browser, "Enter")
    assert browser.eventually("location.hash.startsWith('#/traffic?')")


# ---- what is old

@contextlib.contextmanager
def talking(house):
    """h2 says something ten times a second."""
    ping = house.h2.spawn("ping", "-i", "0.1", FAR, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        ping.terminate()
        ping.wait()


# What its being old can make worse.
CONTRAST = AXE.replace("axe.run()", "axe.run({ runOnly: ['color-contrast'] })")
# The feed falls silent, and all that is asked for is still answered.
HOLD = read_as("""
    export const decode = (bytes) =>
      globalThis.isHeld ? [] : readTruly(bytes);
    """)


def test_what_is_old_can_be_read_in_every_view(house, browser):
    """In both themes, with all that there is to be read."""
    browser.do(HOLD)
    browser.open()
    assert browser.eventually(LIVE)
    visit(house, browser, "overview")
    with talking(house):
        browser.look("window.isHeld = true")
        for view in VIEWS:
            visit(house, browser, view)
            assert browser.eventually(OLD), view
            for scheme, ground in TOKENS.items():
                browser.do("await page.emulateMedia({colorScheme: args.to})",
                           to=scheme)
                assert browser.look("getComputedStyle(document.body)"
                                    ".backgroundColor") == ground
                assert browser.do(CONTRAST) == [], (view, scheme)


# ---- the gateway is away for a while

def test_all_goes_on_when_the_gateway_is_back(house, browser):
    """What is shown stays, grey and with its age, in every view; and comes to
    life by itself: packets of a device are told of again, strips move on."""
    newest = "document.querySelector('[aria-label=Packets] tbody td').textContent"
    strip = "document.querySelector('.strip canvas').toDataURL()"
    for view in VIEWS:
        visit(house, browser, view)
    with talking(house):
        for last, moving in ("device", newest), ("traffic", strip):
            visit(house, browser, last)
            before = browser.look(moving)
            assert browser.eventually(f"{moving} !== args.it", it=before)
            assert house.stop_gateway() == 0
            for view in [*(VIEWS if last == "device" else []), last]:
                browser.look("location.hash = '#/' + args.place",
                             place=place_of(house, view))
                assert browser.eventually(OLD), view
            before = browser.look(f"{moving}")
            house.start_gateway()
            assert browser.eventually(LIVE)
            assert browser.look("!document.querySelector('main.stale')")
            for _ in range(3):
                assert browser.eventually(f"{moving} !== args.it", it=before)
                before = browser.look(moving)
    browser.complaints()


# ---- where a remote is

def test_the_country_of_a_remote(house, browser):
    """In words, in a column that is there because there are some."""
    with talking(house):
        visit(house, browser, "device")
        for width, height in SIZES.values():
            browser.do("await page.setViewportSize(args)", width=width,
                       height=height)
            assert browser.eventually(
                "[...document.querySelectorAll('[data-label=Country]')].some("
                "e => e.offsetParent && e.textContent === 'Germany')"), width
