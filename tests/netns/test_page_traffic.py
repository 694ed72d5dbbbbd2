"""The three strips of the traffic: how fine they are, when the gateway is busy and
when not so much is kept, in a real browser."""
import pytest

from browser import URL
from owner import go, set_password

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1"]])
    house.start_gateway()
    house.h1.dhcp()
    set_password(house)
    return house


FINENESS = ("[...document.querySelectorAll('.strip-said')].map(e =>"
            " e.firstElementChild?.textContent.replaceAll('\\u00a0', ' '))")
AS_FINE = ["at most in 100 ms", "at most in 5 s", "at most in 1 min"]


def are_fine(browser, fine=AS_FINE, timeout=30):
    """The strips say so."""
    return browser.eventually(f"{FINENESS}.join() === args.fine", timeout,
                              fine=",".join(fine))


def test_three_pages_at_once(house, browser):
    """Of three people: none is refused, and each is as fine as can be."""
    go(browser, "traffic")
    assert are_fine(browser)
    assert browser.eventually("/^Kept: tenths of a second since \\d/.test("
                              "document.querySelector('.reach').textContent)")
    told, fine = browser.do("""
        const storageState = await context.storageState();
        const all = await Promise.all([0, 1, 2].map(() =>
          browser.newContext({ storageState })));
        const pages = await Promise.all(all.map((one) => one.newPage()));
        const told = [];
        for (const one of pages)
          one.on("response", (reply) => reply.url().includes("/history?") &&
            told.push(reply.status()));
        await Promise.all(pages.map((one) => one.goto(args.url)));
        for (const one of pages)
          while (await one.getByText("at most in").count() < 3)
            await one.waitForTimeout(50);
        await pages[0].waitForTimeout(1500);
        const fine = await Promise.all(pages.map((one) =>
          one.evaluate(args.fineness)));
        await Promise.all(all.map((one) => one.close()));
        return [told, fine];
        """, url=f"{URL}#/traffic", fineness=FINENESS)
    assert len(told) >= 12 and set(told) == {200}
    assert fine == [AS_FINE] * 3


def test_a_busy_gateway_is_asked_again(browser):
    """When it said so, not at the usual time, and for nothing coarser."""
    browser.do("""
        const met = new Set();
        globalThis.asked = [];
        await page.route(/api.v1.history/, (route) => {
          const query = new URL(route.request().url()).searchParams;
          const span = query.get("to") - query.get("from");
          const kind = `${query.has("group")} ${span}`;
          asked.push([span, Number(query.get("step"))]);
          if (met.has(kind) || query.has("step"))
            return route.continue();
          met.add(kind);
          return route.fulfill({ status: 503, headers: { "Retry-After": "1" },
                                 json: { error: "The gateway is busy." } });
        });""")
    go(browser, "traffic")
    assert are_fine(browser, timeout=10)
    assert browser.eventually(
        "document.querySelector('.problem').textContent === ''")
    asked = browser.do("await page.unrouteAll(); return asked")
    assert [span for span, step in asked if not step].count(86_400_000) == 2
    assert {step for span, step in asked if span <= 60_000} <= {0, 100, 5000}
    assert {step for span, step in asked if span == 3_600_000} == {0}
    browser.complaints()


def test_it_is_as_fine_as_is_kept(browser):
    """Where tenths do not reach back far enough, seconds are shown, until they
    do again."""
    go(browser, "traffic")
    assert are_fine(browser)
    browser.do("""
        globalThis.isOver = false;
        await page.route(/api.v1.history/, (route) => {
          const url = new URL(route.request().url());
          const query = url.searchParams;
          const isMinute = query.get("to") - query.get("from") === 60000;
          if (!isOver && query.get("step") === "100")
            return route.fulfill({ status: 400, json: { error: "step: no." } });
          if (!isOver && isMinute && !query.has("step"))
            query.set("step", "1000");
          return route.continue({ url: String(url) });
        });""")
    assert are_fine(browser, ["at most in 1 s", *AS_FINE[1:]])
    browser.do("globalThis.isOver = true")
    assert are_fine(browser)
    browser.do("await page.unrouteAll()")
    browser.complaints()
