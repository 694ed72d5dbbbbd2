"""What strangers and devices call themselves, in every view of the page: harmless,
and nothing is moved by it. First for real, as far as the gateway lets it through:
a device's names, the owner's, what DNS is asked for, whom TLS says it wants. Then
as if it let through all: what the API says is changed on its way to the page."""
import re
import socket
import struct
import subprocess
import time

import pytest

from browser import WEB, read_as
from hellos import client_hello
from house import FAR, LAN
from owner import LIVE, go, log_in, set_password
from resolvers import Resolver, question
from test_devices import address, announce
from test_page import OVERFLOW, SIZES, TOKENS
from test_page_views import FULL

pytestmark = pytest.mark.long

LONG = "w" * 255
SCRIPT = "<script>pwned=1</script><img src=x onerror=pwned=1>"
TURNED = "\u202e\u2066gnp.exe \u05e9\u05dc\u05d5\u05dd"
EMOJI = "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 14
NAMES = {"long": LONG, "script": SCRIPT, "turned": TURNED, "emoji": EMOJI,
         "stacked": "o" + "\u0301" * 120}
# 253 bytes in labels of 63: the longest there is.
LONGEST = ".".join(["v" * 63, "w" * 63, "x" * 63, "y" * 53 + ".example"])
VIEWS = ["overview", "device", "traffic?group=pair", "traffic?group=device",
         "nat", "nat/ports", "nat/forwards", "names", "names/lists",
         "names/addresses", "events", "settings"]
TURNS = "/[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f]/.test(" \
    "document.querySelector('main').textContent)"
STRANGE = "document.querySelectorAll('main img, main script, main iframe').length"
# A name is never wider than what it stands in.
WIDE = "[...document.querySelectorAll('main *')].filter(e =>" \
    " e.getBoundingClientRect().right > innerWidth + 1 &&" \
    " !e.closest('thead, .chart-slide, .unseen, .share, .uplot, .spark')" \
    " && getComputedStyle(e).visibility !== 'hidden'" \
    " && !/hidden|clip/.test(getComputedStyle(e.parentElement).overflowX)" \
    ").map(e => e.outerHTML.slice(0, 120)).slice(0, 3)"


def answer(message):
    """Whatever is asked for has FAR's address."""
    _, kind, end = question(message)
    has = kind == 1
    return message[:2] + struct.pack("!HHHHH", 0x8180, 1, has, 0, 0) \
        + message[12:end] + (struct.pack("!HHHIH", 0xc00c, 1, 1, 60, 4)
                             + socket.inet_aton(FAR) if has else b"")


@pytest.fixture(scope="module")
def house(build_shared):
    """h1 has the page open, h2 is looked at, h3 and h4 have odd names."""
    house = build_shared([["h1"], ["h2", "h3", "h4"]])
    resolver = Resolver(house.far, answer)
    house.start_gateway()
    house.h1.dhcp()
    house.h2.dhcp()
    set_password(house)
    yield house
    resolver.close()


@pytest.fixture
def browser(shared_browser):
    log_in(shared_browser)
    yield shared_browser
    shared_browser.do("await page.unrouteAll()")
    assert shared_browser.complaints() == []


def asks_for_a_lease_as(host, name):
    """DHCP's option 12 in raw bytes, and 81 with the same."""
    host.client = host.spawn(
        "udhcpc", "-f", "-i", "eth0", "-s", WEB.parent / "netns/lease",
        "-x", "0x0c:" + name.encode()[:255].hex(), "-A", "1",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
             "LEASE": str(host.lease_file), "RESOLV": str(host.resolv)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    host.await_lease()


@pytest.fixture(scope="module")
def odd(house):
    """Everything that can be named is, by those who would."""
    asks_for_a_lease_as(house.h3, LONG)
    asks_for_a_lease_as(house.h4, SCRIPT)
    announce(house.h2, address("<b>" + "m" * 60 + ".local", house.h2.ip))
    for name in LONGEST, "<script>pwned=1</script>.example", "\\\"';--.example":
        house.h2.run("dig", "+short", "+tries=1", f"@{LAN}", name)
    with house.far.tcp(7001, FAR) as server:
        server.listen(8)
        socks = []
        for name in LONGEST, SCRIPT, TURNED:
            sock = house.h2.tcp()
            sock.connect((FAR, 7001))
            sock.sendall(client_hello(name))
            socks += [sock, server.accept()[0]]
        time.sleep(0.3)
        yield house
        for sock in socks:
            sock.close()


def harmless(browser, what):
    assert browser.look("typeof pwned") == "undefined", what
    assert browser.look(STRANGE) == 0, what
    assert not browser.look(TURNS), what
    assert browser.eventually(f"({OVERFLOW}) <= 0"), \
        (what, browser.look(WIDE))
    assert browser.look(WIDE) == [], what


def visit(browser, house, view):
    place = f"device/{house.h2.mac}" if view == "device" else view
    go(browser, place)
    assert browser.eventually("!!document.querySelector('main h2')"), view
    assert browser.eventually(FULL if view != "overview" else LIVE), view


@pytest.mark.parametrize("name", NAMES)
def test_an_owners_name(odd, browser, name):
    """As much of it as the gateway takes, in every view of the device."""
    size = 255
    while True:
        text = NAMES[name].encode()[:size].decode(errors="ignore")
        if not odd.gw.attempt(odd.binary, "set",
                              f"clients.name={odd.h2.mac}={text}", "--name",
                              odd.instance).returncode:
            break
        size -= 1
    for width, height in SIZES.values():
        browser.open(width, height)
        assert browser.eventually(LIVE)
        for view in VIEWS:
            visit(browser, odd, view)
            harmless(browser, (view, width))
    odd.cli("set", "clients.name=")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", TOKENS)
def test_names_as_they_come(odd, browser, shots, scheme, size):
    browser.open(*SIZES[size], scheme)
    assert browser.eventually(LIVE)
    for view in VIEWS:
        visit(browser, odd, view)
        harmless(browser, view)
        browser.do("await page.screenshot({ path: args.path, fullPage: true })",
                   path=str(shots / "hostile-{}-{}-{}.png".format(
                       view.replace("/", "-").replace("?", "-"), scheme, size)))
    # They are there: the longest name in the views of what it was.
    for view in "device", "traffic?group=remote", "nat", "names":
        visit(browser, odd, view)
        if view == "nat":   # the browser itself has many
            browser.do("await page.fill('.adder input', 'vvvv')")
        assert browser.eventually("document.querySelector('main').textContent"
                                  ".includes(args.name)", name="v" * 63), view
        harmless(browser, view)


# What the gateway would say if it checked nothing: in its answers,
SPOIL = """
    await page.route("**/api/v1/**", async (route) => {
      if (route.request().method() !== "GET")
        return route.continue();
      const reply = await route.fetch();
      const spoil = (value, key) => {
        if (Array.isArray(value))
          return value.map((one) => spoil(one, key));
        if (value && typeof value === "object")
          return Object.fromEntries(Object.entries(value).map(([k, v]) =>
            [k, spoil(v, k)]));
        return typeof value === "string" && args.keys.includes(key)
          || value === null && ["name", "hostname", "list"].includes(key)
          ? args.name : value;
      };
      await route.fulfill({ response: reply,
                            json: spoil(await reply.json(), "") });
    });
    """
# and in its live feed: of each device, and of what it sends and does.
SPOIL_FEED = read_as("""
    const KEYS = ["name", "hostname", "vendor", "icon", "maybe", "text"];
    const spoil = (value, key) => {
      if (Array.isArray(value))
        return value.map((one) => spoil(one, key));
      if (value && typeof value === "object")
        return Object.fromEntries(Object.entries(value).map(([k, v]) =>
          [k, spoil(v, k)]));
      return KEYS.includes(key) ? globalThis.evil : value;
    };
    export function decode(bytes) {
      const said = readTruly(bytes);
      if (!globalThis.evil)
        return said;
      const told = said.map((one) => spoil(one, ""));
      for (const { now_ms, clients } of said.filter((m) => m.clients))
        told.push({ type: "event", event: { id: 1e9, at_ms: now_ms,
          kind: evil, device: null, text: evil, link: "javascript:pwned=1" } },
        ...clients.map(({ mac }) => ({ type: "packets", now_ms, left_out: 0,
          rows: [[5, mac, 6, "rx", 5000, "192.0.2.1", 443, 1500, 18, 1, evil]]
        })));
      return told;
    }
    """)
KEYS = ["name", "hostname", "text", "answer", "state", "carried_by", "list",
        "about", "licence", "vendor", "proto", "reason", "kind", "problem",
        "server", "type", "rcode"]


# Where the feed is told of as it comes: what has the name then.
FED = {"overview": "[...document.querySelectorAll('.device-name, .newest')]",
       "device": "[...document.querySelectorAll('.packets td')]",
       "events": "[...document.querySelectorAll('.event')]"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_if_the_gateway_let_all_through(odd, browser, name, size):
    browser.do(SPOIL_FEED)
    browser.open(*SIZES[size])
    assert browser.eventually(LIVE)
    browser.do(SPOIL, keys=KEYS, name=NAMES[name])
    browser.look("window.evil = args.name", name=NAMES[name])
    shown = re.sub("[\u202e\u2066]", "\ufffd", NAMES[name])
    for view in VIEWS:
        visit(browser, odd, view)
        if view == "nat":
            assert browser.eventually(
                "document.querySelector('main').textContent.length > 100")
        if view in FED:     # while it comes
            assert browser.eventually(
                f"{FED[view]}.some(e => e.textContent.includes(args.shown))",
                shown=shown), view
        time.sleep(0.1)
        for scheme in TOKENS:
            browser.do("await page.emulateMedia({ colorScheme: args.to })",
                       to=scheme)
            harmless(browser, (view, name, scheme))
