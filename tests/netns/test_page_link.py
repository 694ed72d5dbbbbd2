"""The page's one live connection: what it carries, what is said of a slow one,
and that nothing is missed while it is away."""
import pytest

from owner import LIVE, go, log_in, set_password
from test_page_house import device_view, scan
from test_page_views import HEADS, TEXT
from world import eventually

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def house(build_shared):
    """h1 has the page open, h2 is looked at."""
    house = build_shared([["h1"], ["h2"]])
    house.start_gateway()
    house.h1.dhcp()
    house.h2.dhcp()
    set_password(house)
    return house


@pytest.fixture
def browser(shared_browser):
    log_in(shared_browser)
    yield shared_browser
    shared_browser.complaints()


def test_a_view_with_packets_has_no_second_connection(house, browser):
    browser.do("""
        globalThis.open = 0;
        page.on("websocket", (s) => { open++; s.on("close", () => open--); });
        """)
    browser.do("await page.reload()")
    device_view(house, browser)
    house.h2.attempt("ping", "-c", "3", "-i", "0.2", "203.0.113.1")
    assert browser.eventually("document.querySelector('[aria-label=Packets]')"
                              ".textContent.includes('icmp')")
    assert eventually(lambda: browser.do("return open") == 1)
    go(browser, "overview")
    assert browser.eventually(LIVE)
    assert eventually(lambda: browser.do("return open") == 1)


def test_a_slow_way_is_said_to_be_one(browser):
    """One message among the others: [{type: lagging, skipped: 3}]."""
    lagging = [0x91, 0x82, 0xa4, *b"type", 0xa7, *b"lagging",
               0xa7, *b"skipped", 3]
    browser.do("""
        globalThis.late = await context.newPage();
        await late.routeWebSocket(/live/, (page) => {
          page.connectToServer();
          setTimeout(() => page.send(Buffer.from(args.lagging)), 2000);
        });
        await late.goto(page.url());
        await late.waitForFunction(
          () => /Live.*slow/.test(document.querySelector(".freshness").textContent));
        await late.waitForFunction(
          () => !/slow/.test(document.querySelector(".freshness").textContent));
        await late.close();
        """, lagging=lagging)


def test_what_happened_meanwhile_is_asked_for(house, browser):
    go(browser, "events")
    assert browser.eventually(f"{HEADS}.includes('Events')")
    house.h1.run("ip", "link", "set", "eth0", "down")
    try:
        assert browser.eventually("!!document.querySelector('main.stale')")
        scan(house.h2)
        assert eventually(lambda: [e for e in house.ask("events")["events"]
                                   if e["kind"] == "scan-internet"], 60, 0.5)
    finally:
        house.h1.run("ip", "link", "set", "eth0", "up")
    assert browser.eventually(LIVE)
    assert browser.eventually(f"/scan of the internet/i.test({TEXT})"), \
        browser.look(TEXT)


def test_who_comes_back_while_a_view_is_fetched_has_it_once(browser):
    """Two of it would go on asking, and one of them for good."""
    browser.do("""
        await page.goto(page.url().split("#")[0] + "#/overview");
        await page.route(/views.names.js/, async (route) => {
          await new Promise((resolve) => setTimeout(resolve, 500));
          await route.continue();
        });
        await page.reload();
        await page.waitForSelector(".tiles");
        globalThis.asked = 0;
        page.on("request", (r) => asked += /v1.dns$/.test(r.url()));
        """)
    browser.look("""(async () => {
        for (const view of ["names", "overview", "names"]) {
          location.hash = `#/${view}`;
          await new Promise((resolve) => setTimeout(resolve, 50));
        } })()""")
    assert browser.eventually(TEXT + ".includes('Names')")
    assert eventually(lambda: browser.do("return asked") > 0)
    browser.do("await page.waitForTimeout(500)")
    assert browser.do("return asked") == 1
    browser.do("await page.unroute(/views.names.js/)")
