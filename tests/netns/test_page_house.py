"""The page's views of what goes on in the house, in a real browser: who a device
is and talks to, what moved when, what was noticed, and what can be set.

SHOTS=DIR keeps the screenshots."""
import contextlib
import json
import re
import time

import pytest

from browser import URL
from house import FAR, LAN
from owner import LIVE, go, set_password
from test_page import (AXE, HOSTILE, OVERFLOW, SIZES, TOKENS,
                       reads_well)
from test_page_views import FULL, HEADS, TEXT
from world import eventually

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def house(build_shared):
    """h1 has the page open, h2 is looked at."""
    house = build_shared([["h1"], ["h2"]])
    house.serve_dns()
    house.start_gateway()
    house.h1.dhcp()
    house.h2.dhcp()
    set_password(house)
    return house


def device_view(house, browser, host="h2"):
    go(browser, f"device/{getattr(house, host).mac}")
    assert browser.eventually(f"{HEADS}.includes('Who it talks to')")


# ---- a device

def test_a_row_leads_to_its_device(house, browser):
    """With the mouse anywhere on it, and by keyboard."""
    place = "location.hash"
    assert browser.eventually(
        "document.querySelectorAll('.devices tbody tr').length >= 2 &&"
        " [...document.querySelectorAll('tr')].every("
        "row => !row.getAnimations().length)")
    # The name's link lies over all of the row.
    browser.do("await page.click(`//tr[contains(., '${args.mac}')]/td[3]`,"
               " { force: true })", mac=house.h2.mac)
    assert browser.eventually(f"{place} === '#/device/{house.h2.mac}'")
    assert browser.eventually("document.querySelector('.profile-facts')"
                              "?.textContent.includes(args.ip)",
                              ip=house.h2.ip)
    browser.do("await page.goBack(); await page.waitForSelector('.devices')")
    browser.do("await page.focus(`a[href='#/device/${args.mac}']`);"
               "await page.keyboard.press('Enter')", mac=house.h2.mac)
    assert browser.eventually(f"{place} === '#/device/{house.h2.mac}'")


def test_who_it_talks_to(house, browser):
    """A remote and what crossed, while it crosses."""
    with house.far.udp(9000) as far, house.h2.udp(5000) as inside:
        inside.sendto(b"x", (FAR, 9000))
        _, outside = far.recvfrom(2048)
        device_view(house, browser)
        row = "[...document.querySelectorAll('[aria-label=\"Who it talks to\"]"\
            " tbody tr')].find(e => e.textContent.includes('udp 9000'))"
        assert browser.eventually(f"!!{row}")

        def is_fast():
            for _ in range(20):
                far.sendto(bytes(1200), outside)
            return browser.look(f"/ [kM]b.s/.test({row}?.textContent"
                                ".replaceAll('\\u00a0', ' '))")
        assert eventually(is_fast, 30)
        assert FAR in browser.look(f"{row}.textContent")
        packets = "document.querySelector('[aria-label=Packets]').textContent"
        assert eventually(lambda: far.sendto(bytes(1200), outside) and
                          browser.look(f"{packets}.includes('udp 5000')"), 30)


def test_names_it_asked_for(house, browser):
    house.h2.run("dig", "+short", f"@{LAN}", "example.net")
    device_view(house, browser)
    assert browser.eventually(
        "document.querySelector('[aria-label=\"Names it asked for\"]')"
        ".textContent.includes('example.net')")


def test_it_is_renamed_and_given_an_icon(house, browser):
    device_view(house, browser)
    browser.do("await page.fill('.profile .name', 'Attic radio');"
               "await page.keyboard.press('Enter');"
               "await page.selectOption('.profile select', 'speaker')")
    assert eventually(lambda: house.ask("get", "clients.name")
                      == [f"{house.h2.mac}=Attic radio"], 20)
    assert eventually(lambda: house.ask("get", "clients.icon")
                      == [f"{house.h2.mac}=speaker"], 20)
    assert browser.eventually(
        "document.querySelector('.profile-icon').dataset.kind === 'speaker'")
    assert browser.eventually(f"{TEXT}.includes('Takes effect at the next"
                              " renewal, in')")
    browser.do("await page.selectOption('.profile select', '')")
    assert eventually(lambda: house.ask("get", "clients.icon") == [], 20)
    house.cli("set", "clients.name=")


def test_its_address_is_kept_by_keyboard(house, browser):
    device_view(house, browser)
    flip = ("await page.focus('[aria-label=\"Keep its address\"]');"
            "await page.keyboard.press('Space')")
    browser.do(flip)
    assert eventually(lambda: house.ask("get", "dhcp.static")
                      == [f"{house.h2.mac}={house.h2.ip}"], 20)
    browser.do(flip)
    assert eventually(lambda: house.ask("get", "dhcp.static") == [], 20)


def test_a_switch_does_not_flip_back(house, browser):
    """Where what the live feed says is from before the click."""
    states = browser.do("""
        const late = await context.newPage();
        await late.routeWebSocket(/live/, (page) => {
          const gateway = page.connectToServer();
          gateway.onMessage((said) => setTimeout(() => page.send(said), 1100));
        });
        await late.goto(args.url);
        const pin = late.locator('[aria-label="Keep every packet"]');
        await pin.evaluate((e) => {
          window.states = [];
          new MutationObserver(() => {
            const now = e.getAttribute("aria-checked");
            if (now !== states.at(-1))
              states.push(now);
          }).observe(e, { attributeFilter: ["aria-checked"] });
        });
        await pin.click();
        await late.waitForTimeout(3500);
        const states = await late.evaluate("states");
        await late.close();
        return states;
        """, url=f"{URL}#/device/{house.h2.mac}")
    house.cli("set", "clients.pin=")
    assert states == ["true"]


def test_its_packets_are_kept_and_given_out(house, browser):
    """The choice to keep all of them, and a file of the last minute."""
    house.h2.run("ping", "-c", "1", "-W", "2", FAR)
    device_view(house, browser)
    flip = "await page.click('[aria-label=\"Keep every packet\"]')"
    browser.do(flip)
    assert eventually(lambda: house.ask("get", "clients.pin")
                      == [house.h2.mac], 20)
    browser.do(flip)
    assert eventually(lambda: house.ask("get", "clients.pin") == [], 20)
    # A section header of pcapng, then its byte-order magic.
    assert browser.look(
        "fetch(document.querySelector('.downloads a').href)"
        ".then(r => r.arrayBuffer()).then(b => [b.byteLength > 100,"
        " new DataView(b).getUint32(0), new DataView(b).getUint32(8, true)])"
    ) == [True, 0x0a0d0d0a, 0x1a2b3c4d]


def test_hostile_names_are_only_text(house, browser):
    device_view(house, browser)
    for name in HOSTILE:
        house.cli("set", f"clients.name={house.h2.mac}={name}")
        shown = re.sub("[\u202e\u2066]", "\ufffd", name)
        assert browser.eventually("document.querySelector('.profile .name')"
                                  ".value === args.shown", shown=shown), name
        assert browser.look("typeof pwned") == "undefined"
        assert browser.look("document.querySelectorAll("
                            "'main img, main script, main #pwned').length") == 0
        assert browser.look(OVERFLOW) <= 0, name
    house.cli("set", "clients.name=")


def test_no_such_device(browser):
    go(browser, "device/02:00:00:00:00:99")
    assert browser.eventually(f"{TEXT}.includes('No such device')")


# ---- traffic

SPAN = "new URLSearchParams(location.hash.split('?')[1])"
SAID = "document.querySelector('#head-the-span').nextSibling.textContent"
GROUPS = "document.querySelector('[aria-label=\"Traffic of the span\"]')"


@pytest.fixture(scope="module")
def moved(house):
    """h2 has got and given a known number of bytes, as IP counts them."""
    with house.far.udp(9100) as far, house.h2.udp(5100) as inside:
        inside.sendto(bytes(100), (FAR, 9100))
        _, outside = far.recvfrom(2048)
        for n in range(50):
            far.sendto(bytes(1000), outside)
            inside.recvfrom(2048)
            if n % 10 == 0:
                time.sleep(0.2)
    return {"rx": 50 * 1028, "tx": 128}


def test_a_span_is_what_all_below_is_about(house, browser, moved):
    """By mouse and by keyboard; the address says it."""
    go(browser, "traffic")
    assert browser.eventually("document.querySelectorAll('.strip canvas')"
                              ".length === 3")
    browser.do("""
        const box = await (await page.$$(".strip-area"))[1].boundingBox();
        await page.mouse.move(box.x + box.width * 0.8, box.y + 30);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.9, box.y + 30,
                              { steps: 4 });
        await page.mouse.up();
        """)
    assert browser.eventually(f"{SPAN}.get('to') > {SPAN}.get('from')")
    length = browser.look(f"{SPAN}.get('to') - {SPAN}.get('from')")
    assert length == pytest.approx(360_000, rel=0.05)
    end = browser.look(f"Number({SPAN}.get('to'))")
    browser.do("await page.focus('.strip:nth-child(2) .strip-area');"
               "await page.keyboard.press('ArrowLeft')")
    assert browser.eventually(f"{SPAN}.get('to') < args.end", end=end)
    browser.do("""
        const told = page.waitForResponse((reply) => {
          const asked = new URL(reply.url()).searchParams;
          return asked.has("group") &&
            asked.get("to") - asked.get("from") > args.length + 50000;
        });
        await page.keyboard.press("Shift+ArrowRight");
        await (await told).finished();
        await page.waitForTimeout(200);""", length=length)
    assert browser.eventually(
        f"{SPAN}.get('to') - {SPAN}.get('from') > args.length + 50000",
        length=length)
    shown = browser.look(SAID)
    browser.do("await page.reload(); await page.waitForSelector('.strip')")
    assert browser.eventually(f"{SAID} === args.shown", shown=shown)
    browser.do("await page.focus('.strip:nth-child(3) .strip-area');"
               "await page.keyboard.press('Escape')")
    assert browser.eventually("location.hash === '#/traffic?span=day'")


def test_what_is_shown_is_what_moved(house, browser, moved):
    """In the table, and in the files that are kept of it."""
    go(browser, f"traffic?span=hour&device={house.h2.mac}&group=pair")
    assert browser.eventually(f"{GROUPS}?.textContent.includes(args.far)",
                              far=FAR)
    csv, kept = browser.look(
        "Promise.all([...document.querySelectorAll('.export')].map("
        "e => fetch(e.href).then(r => r.text())))")
    kept = json.loads(kept)
    # Under the names that it was asked for by, and under none.
    rows = [g for g in kept["groups"] if g["remote"] == FAR]
    assert {g["device"] for g in rows} == {house.h2.mac}
    for way in "rx", "tx":
        assert sum(g[way] for g in rows) >= moved[way]
    assert kept["total"]["rx"] == sum(g["rx"] for g in kept["groups"])
    assert kept["total"]["rx"] == sum(n or 0 for n in kept["rx"])
    assert f",{kept['total']['rx']},{kept['total']['tx']}," in csv
    browser.do("await page.click(`[aria-label='Traffic of the span'] "
               "a:has-text('${args.name}')`)", name=rows[0]["name"] or FAR)
    assert browser.eventually(f"{SPAN}.get('remote') === args.name",
                              name=rows[0]["name"] or FAR)
    browser.do("await page.click('.chip >> nth=0')")
    assert browser.eventually(f"!{SPAN}.get('device')")


def test_an_odd_address_harms_nobody(browser):
    for state in "from=x&to=<script>", "span=year&group=<b>", "from=9&to=1":
        go(browser, f"traffic?{state}")
        assert browser.eventually(f"!!{GROUPS}")
    go(browser, "traffic?device=<img src=x>&remote=" + "a" * 300)
    assert browser.eventually(
        "document.querySelector('.problem').textContent.length > 10")
    assert browser.look(OVERFLOW) <= 0
    browser.complaints()


# ---- events

BADGE = "document.querySelector('.rail .badge')"


def scan(machine):
    """Knocks at a hundred machines that do not answer."""
    with contextlib.ExitStack() as stack:
        for n in range(120):
            sock = stack.enter_context(machine.tcp())
            sock.setblocking(False)
            sock.connect_ex((f"198.18.7.{n + 1}", 81))
        time.sleep(2)


def test_what_is_noticed_is_told_of_until_it_is_seen(house, browser):
    """A count at the rail and a line on the overview, until one has looked;
    the sentence leads to what it is about."""
    scan(house.h2)
    assert browser.eventually(f"!{BADGE}.hidden", 60)
    line = "document.querySelector('.newest')"
    assert browser.eventually(f"!{line}.hidden")
    text = browser.look(f"{line}.querySelector('bdi').textContent")
    browser.do("await page.click('.rail a[href=\"#/events\"]')")
    rows = "[...document.querySelectorAll('[aria-label=Events] tbody tr')]"
    assert browser.eventually(
        f"{rows}.some(e => e.textContent.includes(args.text)"
        " && !!e.querySelector('.new'))", text=text), \
        (text, browser.look(f"{rows}.map(e => e.innerHTML)"))
    assert browser.eventually(f"{BADGE}.hidden")
    browser.do("await page.focus('[aria-label=Events] tbody a');"
               "await page.keyboard.press('Enter')")
    assert browser.eventually("/^#.(device|traffic|names)/.test(location.hash)")
    browser.open()
    assert browser.eventually(LIVE)
    assert browser.eventually(f"{line}.hidden ||"
                              f" !{line}.textContent.includes(args.text)",
                              text=text)


# ---- settings

def test_a_setting_is_applied_and_undone(house, browser):
    go(browser, "settings")
    field = "#set-dhcp-lease_s"
    said = "document.querySelector('#set-dhcp-lease_s-said').textContent"
    assert browser.eventually(f"document.querySelector('{field}')?.value"
                              " === '86400'")
    browser.do(f"await page.fill('{field}', '5');"
               "await page.keyboard.press('Enter')")
    assert browser.eventually(f"{said}.includes('60 to 2592000')")
    assert reads_well(browser)
    assert house.ask("get", "dhcp.lease_s") == 86400
    browser.complaints()
    browser.do(f"await page.fill('{field}', '7200');"
               "await page.keyboard.press('Enter')")
    assert eventually(lambda: house.ask("get", "dhcp.lease_s") == 7200, 20)
    browser.do("await page.click('[aria-label^=\"Undo: Seconds for which\"]')")
    assert eventually(lambda: house.ask("get", "dhcp.lease_s") == 86400, 20)
    browser.do("await page.fill('#set-dns-rebind_allow', 'a.example, b.example');"
               "await page.keyboard.press('Enter')")
    assert eventually(lambda: house.ask("get", "dns.rebind_allow")
                      == ["a.example", "b.example"], 20)
    browser.do("await page.fill('#set-dns-rebind_allow', '');"
               "await page.keyboard.press('Enter')")
    assert eventually(lambda: house.ask("get", "dns.rebind_allow") == [], 20)


# Settings that are set where they are shown: the view, and what sets them there.
ELSEWHERE = {
    "clients.name": ("device", ".profile .name"),
    "clients.icon": ("device", ".profile label:has-text('It is') select"),
    "clients.pin": ("device", "[aria-label='Keep every packet']"),
    "dhcp.static": ("names/addresses", "[aria-label='New fixed address']"),
    "dns.allow": ("names/lists", "[aria-label='Single name'] select"),
    "dns.block": ("names/lists", "[aria-label='Single name'] select"),
    "dns.blocked_answer": ("names/lists",
                           "label:has-text('Blocked names are') select"),
    "dns.lists": ("names/lists", "[aria-label='Another list']"),
    "dns.unfiltered": ("names/lists", "[aria-label^='Filter names for']"),
    "dns.log": ("names", "[aria-label='Keep the log of queries']"),
    "nat.forwards": ("nat/forwards", "form.adder"),
}


def keys_of(settings, group=""):
    """Nested groups as "nat.timers.udp_s"."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from keys_of(value, f"{group}{key}.")
        else:
            yield group + key


def test_there_is_a_form_for_each_setting(house, browser):
    go(browser, "settings")
    assert browser.eventually("document.querySelector('#set-dhcp-lease_s')"
                              "?.value === '86400'")
    fields = browser.look("[...document.querySelectorAll('.set input')].map("
                          "e => e.id.replace('set-', ''))")
    keys = set(keys_of(browser.look(
        "fetch('/api/v1/settings').then(r => r.json())")))
    assert len(keys) > 40
    assert {key.replace(".", "-") for key in keys - ELSEWHERE.keys()} \
        == set(fields)
    assert len(fields) == len(set(fields))
    for key, (view, selector) in ELSEWHERE.items():
        go(browser, f"device/{house.h2.mac}" if view == "device" else view)
        assert browser.do("await page.locator(args.what).first().waitFor();"
                          "return page.locator(args.what).first().isEnabled()",
                          what=selector), key


# ---- who wants to see nothing move

# Whether rows slide when they are put in order, whether the chart is moved more
# than twice a second, and what CSS would move.
MOTION = """(async () => {
    const rows = document.querySelector(".devices tbody");
    const byName = document.querySelector(".devices thead button");
    rows.scrollIntoView();
    byName.click();
    for (const slide of document.getAnimations())
      slide.finish();
    rows.append(rows.firstElementChild);
    byName.click();
    let slides = 0;
    for (let i = 0; i < 5; i++) {
      slides = Math.max(slides, document.getAnimations()
        .filter((one) => one.effect.target.matches(".devices tr")).length);
      await new Promise(requestAnimationFrame);
    }
    let steps = 0;
    const observer = new MutationObserver(() => steps++);
    observer.observe(document.querySelector(".chart-slide"),
      { attributeFilter: ["style"] });
    await new Promise((done) => setTimeout(done, 2000));
    observer.disconnect();
    return { isSliding: slides > 0, isRunning: steps > 4 };
  })()"""
MOVED = """[...document.querySelectorAll("*")].flatMap((e) =>
    [null, "::before", "::after"].map((part) => getComputedStyle(e, part))
      .filter((style) => style.animationName !== "none" ||
        /[1-9]/.test(style.transitionDuration))
      .map(() => e.className.baseVal ?? e.className))"""


@pytest.mark.parametrize("wish", ["no-preference", "reduce"])
def test_nothing_moves_for_who_wants_that(house, browser, wish):
    is_moved = wish != "reduce"
    browser.do("await page.emulateMedia({ reducedMotion: args.to })", to=wish)
    assert browser.eventually(
        "document.querySelectorAll('.devices tbody tr').length >= 2 &&"
        " !!document.querySelector('.chart-slide canvas') &&"
        " !document.getAnimations().length")
    assert browser.look(MOTION) == {"isSliding": is_moved,
                                    "isRunning": is_moved}
    device_view(house, browser)
    assert ("switch" in browser.look(MOVED)) is is_moved
    assert ("mark-gate" in browser.look(MOVED)) is is_moved
    if not is_moved:
        assert browser.look(MOVED) == []
    browser.do("await page.emulateMedia({ reducedMotion: null })")


# ---- all of them

VIEWS = ["overview", "device", "traffic", "events", "settings"]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", TOKENS)
def test_both_themes_at_both_widths(house, browser, shots, view, scheme, size):
    house.h2.run("dig", "+short", f"@{LAN}", "example.net")
    browser.open(*SIZES[size], scheme)
    go(browser, f"device/{house.h2.mac}" if view == "device" else view)
    assert browser.eventually("!!document.querySelector('main h2')")
    assert browser.eventually(LIVE)
    assert browser.eventually(FULL if view != "overview" else
                              "!!document.querySelector('.devices tbody tr')")
    assert browser.look(OVERFLOW) <= 0
    picture = shots / f"house-{view}-{scheme}-{size}.png"
    browser.do("await page.screenshot({ path: args.path, fullPage: true })",
               path=str(picture))
    assert picture.stat().st_size > 10_000
    assert browser.do(AXE) == []
    browser.do("await page.setViewportSize({ width: 360, height: 640 })")
    # Charts follow a frame later.
    assert browser.eventually(f"({OVERFLOW}) <= 0")
