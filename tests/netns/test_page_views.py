"""The page's gate and its other views, in a real browser: the first visit sets
the password, the owner changes things with a click, everyone else sees nothing.

SHOTS=DIR keeps the screenshots."""
import re

import pytest

from browser import URL, Browser
from house import FAR, LAN
from owner import LIVE, PASSWORD, go, log_in
from test_page import (AXE, HOSTILE, OVERFLOW, SIZES, TOKENS,
                       reads_well)
from world import eventually

pytestmark = pytest.mark.long

VIEWS = {"nat": "Connections", "nat/ports": "Outside ports",
         "nat/forwards": "Forwards", "nat/drops": "Dropped",
         "names": "Names asked for",
         "names/lists": "Blocklists", "names/addresses": "Leases"}
HEADS = "[...document.querySelectorAll('h2')].map(e => e.textContent)"
LEASES = "document.querySelector('[aria-label=Leases]')"
TEXT = "document.querySelector('main').textContent"
# What a view is about is there, or said to be none.
FULL = ("!!document.querySelector('.list tbody tr, .set [placeholder]') ||"
        " !!document.querySelector("
        "'.notice[data-kind=empty]:not([hidden])')")


@pytest.fixture(scope="module")
def house(build_shared):
    """h1 has the page open, h2 is looked at."""
    house = build_shared([["h1"], ["h2", "h3"]])
    house.serve_dns()
    house.start_gateway()
    house.h1.dhcp()
    house.h2.dhcp()
    return house


@pytest.fixture(scope="module")
def browser(shared_browser):
    return shared_browser


def code(house, path, *more):
    return house.h2.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                        *more, f"{URL}api/v1/{path}")


# In this order: the first visit comes first.


def test_without_a_password_there_is_the_overview_alone(house, browser):
    browser.open()
    assert browser.eventually(LIVE)
    assert "Whose gate is this?" in browser.look(HEADS)
    assert "Devices" in browser.look(HEADS)
    for view, head in VIEWS.items():
        go(browser, view)
        assert browser.eventually("!!document.querySelector('.gate')")
        assert head not in browser.look(HEADS)
    assert [code(house, path) for path in ("status", "flows", "leases",
                                           "dns/log", "settings")] \
        == ["200", "401", "401", "401", "401"]


def test_the_first_visit_sets_the_password(house, browser, shots):
    browser.open()
    assert browser.eventually(LIVE)
    picture = shots / "gate-first.png"
    browser.do("await page.screenshot({ path: args.path })", path=str(picture))
    fill = ("const [one, two] = await page.$$('.gate input');"
            "await one.fill(args.one); await two.fill(args.two);"
            "await page.click('.gate button');")
    problem = "document.querySelector('.problem').textContent"
    browser.do(fill, one="short", two="short")
    assert browser.eventually(problem + " === 'At least 8 characters.'")
    browser.do(fill, one=PASSWORD, two=PASSWORD + "!")
    assert browser.eventually(problem + " === 'The two differ.'")
    for width, height in SIZES.values():
        browser.do("await page.setViewportSize(args)", width=width,
                   height=height)
        assert reads_well(browser)
        assert browser.look(OVERFLOW) <= 0
    assert browser.look("document.cookie") == ""
    browser.do(fill, one=PASSWORD, two=PASSWORD)
    assert browser.eventually("!document.querySelector('.gate')")
    assert browser.eventually(LIVE)
    assert browser.look("document.cookie") == "", "no script reads it"
    assert [code(house, path) for path in ("session", "status", "live")] \
        == ["200", "401", "401"]


def test_who_has_no_session_sees_the_gate_alone(house, shots):
    stranger = Browser(house.h1, URL)
    stranger.do("await page.goto(args.url);"
                "await page.waitForSelector('.gate')", url=URL)
    assert stranger.look("!document.querySelector('.tiles')")
    assert "h2" not in stranger.look("document.body.textContent")
    stranger.do("await page.screenshot({ path: args.path })",
                path=str(shots / "gate.png"))
    stranger.complaints()
    stranger.do("await page.fill('.gate input', 'not that one');"
                "await page.keyboard.press('Enter')")
    assert stranger.eventually(
        "document.querySelector('.problem').textContent"
        " === 'That is not the password.'")
    for width, height in SIZES.values():
        stranger.do("await page.setViewportSize(args)", width=width,
                    height=height)
        assert reads_well(stranger)
        assert stranger.look(OVERFLOW) <= 0
    stranger.do("await page.fill('.gate input', args.password);"
                "await page.keyboard.press('Enter')", password=PASSWORD)
    assert stranger.eventually("!!document.querySelector('.tiles')")
    stranger.do("await page.click('.leave')")
    assert stranger.eventually("!!document.querySelector('.gate')")
    stranger.close()


def test_a_lease_is_pinned_and_named_with_a_click(house, browser):
    log_in(browser)
    go(browser, "names/addresses")
    assert browser.eventually(f"{LEASES}?.textContent.includes(args.ip)",
                              ip=house.h2.ip)
    row = f"//tr[contains(., '{house.h2.ip}')]"
    browser.do("await page.click(args.row + '//button')", row=row)
    assert browser.eventually(
        "/kept for it. Takes effect at the next renewal, in .*h/.test("
        "[...document.querySelectorAll('[role=status]')]"
        ".map(e => e.textContent).join())")
    pinned = f"{house.h2.mac}={house.h2.ip}"
    assert eventually(lambda: house.ask("get", "dhcp.static") == [pinned], 20)
    assert browser.eventually("[...document.querySelectorAll('.list button')]"
                              ".some(e => e.textContent === 'Unpin')")
    browser.do("await page.fill(args.row + '//input', 'Kitchen radio');"
               "await page.keyboard.press('Enter')", row=row)
    assert eventually(lambda: house.ask("get", "clients.name")
                      == [f"{house.h2.mac}=Kitchen radio"], 20)
    # The device hears of it when it renews.
    ip = house.h2.ip
    house.h2.run("kill", "-USR1", house.h2.client.pid)
    assert eventually(
        lambda: house.h1.run("dig", "+short", "kitchen-radio.lan").strip()
        == ip, 20)
    browser.do("await page.click(args.row + '//button')", row=row)
    assert eventually(lambda: house.ask("get", "dhcp.static") == [], 20)
    house.cli("set", "clients.name=")
    assert browser.complaints() == []


def test_a_port_is_forwarded_and_shut_again(house, browser):
    log_in(browser)
    go(browser, "nat/forwards")
    assert browser.eventually(f"{HEADS}.includes('Forwards')")
    add = ("const [port, to] = await page.$$('form.adder input');"
           "await port.fill(args.port); await to.fill(args.to);"
           "await page.click('form.adder button')")
    browser.do(add, port="8443", to="nowhere")
    assert browser.eventually("document.querySelector('.problem').textContent"
                              ".includes('nat.forwards')")
    assert reads_well(browser)
    browser.complaints()
    browser.do(add, port="8443", to=f"{house.h2.ip}:443")
    wanted = [{"proto": "tcp", "port": 8443, "to": f"{house.h2.ip}:443"}]
    assert eventually(lambda: house.ask("get", "nat.forwards") == wanted, 20)
    shown = "document.querySelector('[aria-label=Forwards]').textContent"
    assert browser.eventually(f"{shown}.includes('tcp 8443')")
    browser.do("await page.click('[aria-label=Forwards] button')")
    assert eventually(lambda: house.ask("get", "nat.forwards") == [], 20)
    assert browser.complaints() == []


def test_what_goes_on_is_shown(house, browser):
    """A mapping that is in use, and a name that was asked for."""
    log_in(browser)
    house.h2.run("dig", "+short", f"@{LAN}", "example.net")
    with house.far.udp(9000), house.h2.udp(5000) as inside:
        inside.sendto(b"x", (FAR, 9000))
        go(browser, "nat/ports")
        assert browser.eventually(f"{TEXT}.includes(args.inside)",
                                  inside=f"{house.h2.ip}:5000")
    go(browser, "names")
    assert browser.eventually(
        "document.querySelector('[aria-label=Queries]')?.textContent"
        ".includes('example.net')")


CELLS = ("[...document.querySelectorAll('[aria-label=Connections] tbody tr')]"
         ".filter(e => e.textContent.includes('9001'))"
         ".map(e => e.children[3].textContent)")


def test_what_carries_a_connection(house, browser):
    """The engine, until it is heavy: then the express lane."""
    log_in(browser)
    with house.far.udp(9001) as far, house.h2.udp(5001) as inside:
        inside.sendto(b"x", (FAR, 9001))
        _, outside = far.recvfrom(64)
        far.sendto(b"x", outside)
        go(browser, "nat")
        assert browser.eventually(f"{CELLS}[0] === 'engine'")

        def is_express():
            for _ in range(100):
                inside.sendto(b"x", (FAR, 9001))
                far.sendto(b"x", outside)
            return browser.look(f"{CELLS}[0]?.startsWith('express, ')")
        assert eventually(is_express, 30)
        # Found by a word, and by its device; the gateway looks, not the page.
        browser.do("await page.fill('.adder input', ':9001')")
        rows = ("document.querySelectorAll('[aria-label=Connections] tbody tr')"
                ".length")
        assert browser.eventually(f"{rows} === 1")
        browser.do("await page.selectOption('.adder select', args.mac)",
                   mac=house.h1.mac)
        assert browser.eventually(
            f"{TEXT}.includes('Nothing fits what is looked for.')")


def test_the_kind_of_nat_is_tried(house, browser):
    """By keyboard; and nothing is left of it."""
    log_in(browser)
    go(browser, "nat")
    assert browser.eventually("!!document.querySelector('.cone button')")
    before = house.ask("status")["nat"]
    assert browser.look("document.querySelector('.cone .value').textContent"
                        ) == "\u2013"
    browser.do("await page.focus('.cone button');"
               "await page.keyboard.press('Enter')")
    assert browser.eventually("document.querySelector('.cone .value')"
                              ".textContent === 'Full cone'")
    assert browser.look("document.querySelector('.cone .more').textContent"
                        ).startswith("TCP and UDP: one port for all remotes")
    assert browser.look("document.activeElement.textContent") == "Once more"
    # Two ports of each protocol were taken, and given back.
    after = house.ask("status")["nat"]
    assert after["mappings"] <= before["mappings"] + 2
    assert "192.0.2.1" not in house.cli("flows")
    assert browser.complaints() == []


def test_a_name_is_blocked_and_let_through_with_a_click(house, browser):
    def asked():
        return house.h2.run("dig", "+short", f"@{LAN}", "example.net").strip()

    log_in(browser)
    answer = asked()
    assert answer
    go(browser, "names")
    row = "//tr[contains(., 'example.net')]"
    browser.do("await page.click(args.row + '//button')", row=row)
    assert eventually(lambda: house.ask("get", "dns.block")
                      == ["example.net"], 20)
    assert eventually(lambda: asked() == "0.0.0.0", 20)
    assert browser.eventually("document.querySelector('[aria-label=Queries]')"
                              ".textContent.includes('blocked by')")
    # Found by its reason; the files hold just what was found.
    browser.do("await page.selectOption('.adder label:nth-of-type(3) select',"
               " 'blocked')")
    assert browser.eventually(
        "[...document.querySelectorAll('[aria-label=Queries] tbody tr')]"
        ".every(e => e.textContent.includes('blocked by'))")
    rows = browser.look("fetch(document.querySelector('.export').href)"
                        ".then(r => r.text())").splitlines()
    assert rows[0].startswith("at_ms,device,") and len(rows) > 1
    assert all(",blocked," in line for line in rows[1:])
    browser.do("await page.click(args.row + '//button')", row=row)
    assert eventually(lambda: house.ask("get", "dns.block") == [], 20)
    assert eventually(lambda: asked() == answer, 20)
    assert browser.complaints() == []


def test_the_log_is_turned_off_and_on(house, browser):
    log_in(browser)
    house.h2.run("dig", "+short", f"@{LAN}", "example.net")
    go(browser, "names")
    assert browser.eventually("!!document.querySelector('.list tbody tr')")
    log = "document.querySelector('.aside [role=switch]')"
    assert browser.eventually(log + ".ariaChecked === 'true'")
    browser.do("await page.focus('.aside [role=switch]');"
               "await page.keyboard.press('Space')")
    assert browser.eventually(f"{TEXT}.includes('The log is off')")
    assert house.ask("get", "dns.log") == "off"
    browser.do("await page.keyboard.press('Space')")
    assert eventually(lambda: house.ask("get", "dns.log") == "on", 20)


def test_lists_and_devices_are_switched(house, browser):
    log_in(browser)
    go(browser, "names/lists")
    flip = ("await page.click(`[role=switch][aria-label=\"${args.label}\"]`)")
    assert browser.eventually(f"{TEXT}.includes('easyprivacy')")
    browser.do(flip, label="Use urlhaus")
    assert eventually(lambda: house.ask("get", "dns.lists")
                      == ["urlhaus"], 20)
    browser.do(flip, label="Use urlhaus")
    assert eventually(lambda: house.ask("get", "dns.lists") == [], 20)
    name, = (c["name"] for c in house.ask("clients")
             if c["mac"] == house.h2.mac)
    browser.do(flip, label=f"Filter names for {name}")
    assert eventually(lambda: house.ask("get", "dns.unfiltered")
                      == [house.h2.mac], 20)
    browser.do(flip, label=f"Filter names for {name}")
    assert eventually(lambda: house.ask("get", "dns.unfiltered") == [], 20)
    browser.do("await page.fill('[aria-label=\"Another list\"] input', 'x y');"
               "await page.keyboard.press('Enter')")
    assert browser.eventually("document.querySelector('.problem[role=alert]')"
                              ".textContent.includes('dns.lists')")
    assert reads_well(browser)
    browser.complaints()


def test_hostile_names_are_only_text(house, browser):
    log_in(browser)
    go(browser, "names/addresses")
    for name in HOSTILE:
        house.cli("set", f"clients.name={house.h2.mac}={name}")
        shown = re.sub("[\u202e\u2066]", "\ufffd", name)
        assert browser.eventually(
            "[...document.querySelectorAll('.list .name')]"
            ".some(e => e.value === args.shown)", shown=shown), name
        assert browser.look("typeof pwned") == "undefined"
        assert browser.look("document.querySelectorAll("
                            "'main img, main script, main #pwned').length") == 0
        assert browser.look(OVERFLOW) <= 0, name
    house.cli("set", "clients.name=")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", TOKENS)
def test_both_themes_at_both_widths(house, browser, shots, view, scheme, size):
    width, height = SIZES[size]
    house.h2.run("dig", "+short", f"@{LAN}", "example.net")
    log_in(browser)
    browser.open(width, height, scheme)
    go(browser, view)
    assert browser.eventually(f"{HEADS}.includes(args.head)", head=VIEWS[view])
    assert browser.eventually(FULL)
    assert browser.look(OVERFLOW) <= 0
    assert browser.look("getComputedStyle(document.body).backgroundColor") \
        == TOKENS[scheme]
    picture = shots / f"{view.replace('/', '-')}-{scheme}-{size}.png"
    browser.do("await page.screenshot({ path: args.path, fullPage: true })",
               path=str(picture))
    assert picture.stat().st_size > 10_000
    assert browser.do(AXE) == []
    browser.do("await page.setViewportSize({ width: 360, height: 640 })")
    assert browser.look(OVERFLOW) <= 0


EDGES = "[...document.querySelectorAll('.list thead th')].map(e => e.offsetLeft)"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", ["names", "nat"])
def test_nothing_jumps_while_it_fills(house, browser, view, size):
    """From its first picture on, and when rows come before those there are."""
    width, height = SIZES[size]
    for n in range(40):
        house.h2.run("dig", "+short", f"@{LAN}", f"h{n}.example.net")
    log_in(browser)
    browser.open(width, height)
    go(browser, view)
    browser.do("await page.reload()")
    assert browser.eventually(FULL)
    browser.do("""await page.evaluate(() => {
          window.jumps = [];
          new PerformanceObserver((list) => window.jumps.push(
            ...list.getEntries().map((e) => e.value)))
            .observe({ type: "layout-shift", buffered: true });
        })""")
    if view == "names":
        # Longer than all that are there, and it moves no column of theirs.
        late = f"late{size}.{'-'.join(['long'] * 12)}.example.net"
        before = browser.look(EDGES)
        house.h2.run("dig", "+short", f"@{LAN}", late)
        assert browser.eventually(f"{TEXT}.includes(args.name)", name=late)
        assert browser.look(EDGES) == before
        browser.do("await page.waitForTimeout(500)")
    assert browser.look("jumps.reduce((a, b) => a + b, 0)") < 0.02


def test_nothing_is_said_to_be_none_before_it_is_known(house, browser):
    log_in(browser)
    house.h2.run("dig", "+short", f"@{LAN}", "example.net")
    browser.do("""
        const held = new Promise((resolve) => { globalThis.letGo = resolve; });
        await page.route(/dns.log/, async (route) => {
          await held;
          await route.continue();
        });
        const others = page.waitForResponse(/api.v1.settings/);
        await page.goto(args.url);
        await (await others).finished();
        await page.waitForTimeout(100);""", url=f"{URL}#/names")
    assert browser.look(f"{HEADS}.includes('Names asked for')")
    assert not browser.look(FULL)
    browser.do("globalThis.letGo()")
    assert browser.eventually("!!document.querySelector('.list tbody tr')")
    browser.do("await page.unrouteAll({ behavior: 'ignoreErrors' })")


def test_charts_cost_nothing_where_there_are_none(house, browser):
    """Their library comes with the first of them, moves nothing, and rests when
    one goes elsewhere."""
    log_in(browser)
    browser.do("await page.goto('about:blank')")
    go(browser, "nat")
    assert browser.eventually(f"{HEADS}.includes('Connections')")
    assert browser.look("typeof uPlot") == "undefined"
    browser.look("""new PerformanceObserver((list) => {
          window.jumps = list.getEntries().reduce((n, e) => n + e.value, 0);
        }).observe({ type: "layout-shift" })""")
    go(browser, "overview")
    assert browser.eventually("!!document.querySelector('.chart-scale span')")
    assert browser.look("window.jumps ?? 0") < 0.02
    go(browser, "nat")
    assert browser.eventually(f"{HEADS}.includes('Connections')")
    assert browser.look("""new Promise((resolve) => {
          const { prototype } = CanvasRenderingContext2D;
          const { stroke } = prototype;
          let strokes = 0;
          prototype.stroke = function count(...args) {
            strokes++;
            return stroke.apply(this, args);
          };
          setTimeout(() => resolve(strokes), 3000);
        })""") == 0


def test_a_chart_is_drawn_though_its_library_was_late(house, browser):
    log_in(browser)
    browser.do("await page.goto('about:blank');"
               "await page.route(/uPlot.*js/, (route) => route.abort(),"
               " { times: 1 })")
    go(browser, "overview")
    assert browser.eventually("!!document.querySelector('.chart-scale span')")
    browser.do("await page.unrouteAll({ behavior: 'ignoreErrors' })")
    browser.complaints()


def test_all_views_by_keyboard(house, browser):
    log_in(browser)
    browser.do("await page.focus('.rail a');"
               "await page.keyboard.press('Tab');"
               "await page.keyboard.press('Tab');"
               "await page.keyboard.press('Enter')")
    assert browser.eventually(f"{HEADS}.includes('Connections')")
    assert browser.look("document.querySelector('[aria-current]').textContent"
                        ) == "NAT"
    browser.do("await page.focus('.adder input')")
    assert browser.look("getComputedStyle(document.activeElement)"
                        ".outlineStyle") != "none"


def test_a_new_password_by_root_logs_everyone_out(house, browser):
    log_in(browser)
    house.gw.run(house.binary, "passwd", "--name", house.instance,
                 input="another one\n")
    assert browser.eventually("!!document.querySelector('.gate')")
    assert house.gw.attempt(
        house.binary, "passwd", "--name", house.instance,
        input="short\n").stderr == \
        "portcullis: Choose a password of 8 to 128 bytes.\n"
    browser.do("await page.fill('.gate input', 'another one');"
               "await page.keyboard.press('Enter')")
    assert browser.eventually("!!document.querySelector('.tiles')")
