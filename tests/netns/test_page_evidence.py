"""Where the links of events lead, in a real browser: each kind happens, its link
is opened, and what the sentence says is there to be seen.

SHOTS=DIR keeps the screenshots."""
import subprocess
import time

import pytest
from scapy.all import ARP, Ether

import habits
import mmdb
import slow_line
from house import FAR, LAN
from owner import LIVE, go, set_password
from test_events import DAY_MS, known_since
from test_page import AXE, OVERFLOW, SIZES, TOKENS
from test_page_house import scan
from test_page_views import TEXT
from world import eventually

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def house(build_shared):
    """h1 has the page open, h2 does most of it; it was watched for weeks."""
    house = build_shared([["h1"], ["h2", "h3"]])
    now_ms = int(time.time() * 1000)
    known_since(house, now_ms - DAY_MS)
    habits.write(house.state / "habits.mp", house.h2.mac,
                 [(habits.local_hour() + 12) % 24], ["US"])
    mmdb.write(house.state / "country.mmdb", {"198.51.100.0/24": "DE"})
    house.slow = slow_line.write(house.state, now_ms)
    folder = house.folder / "web"
    folder.mkdir()
    (folder / "file").write_bytes(bytes(3_000_000))
    house.serve_web(folder)
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    set_password(house)
    return house


def follow(house, browser, kind, do=lambda: None, device=None):
    """Does it until it is told of, and goes where the sentence leads."""
    def told():
        do()
        return [e for e in house.ask("events")["events"] if e["kind"] == kind
                and device in (None, e["device"])]

    found = eventually(told, 120, 0.5)
    assert found, house.ask("events")
    go(browser, found[0]["link"].removeprefix("#/"))
    return found[0]


def rows(label):
    """The rows of a table that are seen, as lists of what is in their cells."""
    return (f"[...document.querySelectorAll('[aria-label=\"{label}\"] tbody tr')]"
            ".filter(e => e.checkVisibility()).map(e => [...e.children].map(c => c.textContent))")


GROUPS = rows("Traffic of the span")
CHIP = "document.querySelector('.filters')?.textContent"
NONE, UP, DOWN = "\u2013", "r[2]", "r[1]"


def tile(label):
    return ("[...document.querySelectorAll('.tile')]"
            f".find(e => e.firstChild.textContent === '{label}')?.children")


def seen(browser, expression, **args):
    assert browser.eventually(expression, **args), browser.look(TEXT)


def test_a_new_device(house, browser):
    follow(house, browser, "new-device", device=house.h3.mac, do=lambda:
           house.h3.attempt("ping", "-c1", "-W1", LAN))
    facts = "document.querySelector('.profile-facts')?.textContent"
    seen(browser, f"{facts}?.includes(args.mac) &&"
                  f" {facts}.includes('known since ')", mac=house.h3.mac)


def test_a_crowd(house, browser):
    """Four that made up an address stay for a while."""
    macs = [f"02:00:00:00:07:{n:02x}" for n in range(4)]
    calls = [bytes(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
                   / ARP(hwsrc=mac, psrc=f"10.77.0.{200 + n}", pdst=LAN))
             for n, mac in enumerate(macs)]
    with house.h3.frames("eth0") as sock:
        follow(house, browser, "new-crowd",
               lambda: [sock.send(call) for call in calls])
    came = ("[...document.querySelectorAll('.devices tbody tr')].filter("
            "e => /came (now|\\d+ s ago|\\d+.min ago)/.test("
            "e.textContent.replaceAll('\\u00a0', ' ')))"
            ".map(e => e.textContent).join()")
    seen(browser, f"args.macs.every(mac => {came}.includes(mac))", macs=macs)


@pytest.fixture(scope="module")
def fetched(house):
    """What nobody moved before it was looked at counts for nothing: so h2
    fetches some megabytes from DE over and over."""
    return lambda: house.h2.run("curl", "-so/dev/null", f"http://{FAR}/file")


def test_an_unusual_hour(house, browser, fetched):
    follow(house, browser, "new-hour", fetched)
    seen(browser, f"{CHIP}?.includes('h2')")
    seen(browser, f"{GROUPS}.some(r => r[0].includes(args.far) &&"
                  f" / MB$/.test({DOWN}.replace('\\u00a0', ' ')))", far=FAR)


def test_a_new_country(house, browser, fetched):
    follow(house, browser, "new-country", fetched)
    seen(browser, f"{CHIP}?.includes('h2') && {CHIP}.includes(args.far)",
         far=FAR)
    seen(browser, f"{CHIP}.includes('Germany')")
    seen(browser, f"{GROUPS}.some(r => r[0].includes(args.far) &&"
                  f" {DOWN} !== args.none)", far=FAR, none=NONE)


def test_a_scan_of_the_home(house, browser):
    follow(house, browser, "scan-lan", lambda: house.h2.attempt(
        "nmap", "-n", "-sn", "10.77.0.0/24"))
    scans = rows("Addresses of the home it asked for")
    seen(browser, f"{scans}.some(([when, n, of]) => parseInt(n) > 200 &&"
                  " n.includes(' addresses within a minute') &&"
                  " of.startsWith('10.77.0.'))")
    # What one of the others does is not said of it.
    go(browser, f"device/{house.h3.mac}")
    seen(browser, "document.querySelector('.profile-facts')?.textContent"
                  ".includes(args.mac)", mac=house.h3.mac)
    assert browser.look(f"{scans}.length") == 0


def test_a_scan_of_the_world(house, browser):
    """Everybody it knocked at got something and said nothing."""
    follow(house, browser, "scan-internet", lambda: scan(house.h2))
    seen(browser, f"{CHIP}?.includes('h2')")
    seen(browser, f"{GROUPS}.filter(r => r[0].startsWith('198.18.7.') &&"
                  f" {DOWN} === args.none && {UP} !== args.none).length > 40",
         none=NONE)


def test_an_upload(house, browser):
    house.far.spawn("iperf3", "-s", stdout=subprocess.DEVNULL)
    follow(house, browser, "upload", lambda: house.h2.attempt(
        "iperf3", "-c", FAR, "-n", "120M", timeout=200))
    seen(browser, f"{GROUPS}.some(r => r[0].includes(args.far) &&"
                  f" parseFloat({UP}) >= 200 &&"
                  f" {UP}.endsWith('MB'))", far=FAR)


def test_a_resolver_of_its_own(house, browser):
    nobody = "192.0.2.77"
    house.isp.run("ip", "route", "add", "blackhole", nobody)
    follow(house, browser, "dns-own", lambda: house.h2.attempt(
        "dig", "+tries=1", "+time=2", f"@{nobody}", "example.net"))
    seen(browser, f"{CHIP}?.includes(args.nobody)", nobody=nobody)
    seen(browser, f"{GROUPS}.length === 1 && {GROUPS}.every(r =>"
                  f" r[0].includes(args.nobody) && {DOWN} === args.none &&"
                  f" {UP} !== args.none)", nobody=nobody, none=NONE)


def test_a_line_that_loses(house, browser):
    house.isp.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
    try:
        follow(house, browser, "wan-loss")
    finally:
        house.isp.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=0")
    seen(browser, f"parseFloat({tile('Lost')}?.[1].textContent) > 0")
    seen(browser, f"{rows('Minutes')}.some(r => parseFloat(r[2]) >= 10 &&"
                  " / of \\d+$/.test(r[3]))")


def test_a_slow_line(house, browser):
    """As it was remembered from before this start; at its worst, and usual."""
    event = follow(house, browser, "wan-latency")
    assert event["link"] == house.slow["link"]
    seen(browser, f"{tile('Slowest minute')}?.[1].textContent === '210\\u00a0ms'")
    minutes = rows("Minutes")
    seen(browser, f"{minutes}.filter(r => r[1] === '210\\u00a0ms').length > 0"
                  f" && {minutes}.filter(r => r[1] === '20\\u00a0ms').length > 5")


def test_no_resolver_answers(house, browser):
    """What was asked in vain, and nothing else."""
    house.h2.run("dig", "+short", f"@{LAN}", "example.net")
    house.far.sh("nft 'add table ip t; add chain ip t in "
                 "{ type filter hook input priority 0; }; "
                 "add rule ip t in meta l4proto { tcp, udp } th dport 53 drop'")
    try:
        follow(house, browser, "dns-silent", lambda: house.h2.attempt(
            "dig", "+tries=1", "+time=1", f"n{time.time_ns()}.example",
            f"@{LAN}"))
    finally:
        house.far.run("nft", "delete", "table", "ip", "t")
    asked = rows("Queries")
    seen(browser, f"{asked}.length > 0 && {asked}.every(r => r[4] === 'failed')"
                  f" && {asked}.some(r => r[0].endsWith('.example'))")
    # What is looked for besides stands in the address, too.
    browser.do("await page.fill('.adder input', 'nothing.like.it')")
    assert browser.eventually("location.hash ==="
                              " '#/names?name=nothing.like.it&why=failed'")
    seen(browser, f"{TEXT}.includes('Nothing fits what is looked for.')")
    browser.do("await page.click('.rail a[href=\"#/names\"]')")
    seen(browser, f"{asked}.some(r => r[0] === 'example.net')")


HAPPENED = rows("What happened")


def test_two_with_one_address(house, browser):
    taken = house.h3.ip
    house.h2.sh(f"ip addr add {taken}/24 dev eth0")

    def call():
        for host in house.h3, house.h2:
            host.sh("ip neigh flush dev eth0; "
                    f"ping -c1 -W1 -I {taken} {LAN} || true")
    try:
        follow(house, browser, "address-conflict", call)
    finally:
        house.h2.sh(f"ip addr del {taken}/24 dev eth0")
    seen(browser, f"{HAPPENED}.some(r => r[0].includes(args.ip) &&"
                  " r[0].includes('h2 (') && r[0].includes('h3 ('))", ip=taken)
    head = ("[...document.querySelectorAll('h2')].find("
            "e => e.textContent === 'What happened').getBoundingClientRect()")
    assert browser.look(f"{head}.top >= 0 && {head}.bottom <= innerHeight")


def test_another_dhcp_server(house, browser):
    """Seen by the round of questions that a start begins with."""
    assert house.stop_gateway() == 0
    house.h3.spawn("dnsmasq", "--keep-in-foreground",
                   "--conf-file=/dev/null", "--port=0", "--pid-file=",
                   "--user=root", "--interface=eth0", "--bind-interfaces",
                   "--dhcp-range=10.77.0.200,10.77.0.210",
                   f"--dhcp-leasefile={house.folder}/rival.leases",
                   stderr=subprocess.DEVNULL)
    time.sleep(1)
    house.start_gateway()
    assert browser.eventually(LIVE)
    follow(house, browser, "dhcp-rival")
    seen(browser, f"{HAPPENED}.some(r => r[0].includes("
                  "'Another DHCP server, ' + args.ip))", ip=house.h3.ip)
    browser.complaints()    # it was away


def test_what_was_seen_is_kept_over_a_restart(house, browser):
    kinds = {e["kind"]: e for e in house.ask("events")["events"]}
    go(browser, kinds["scan-lan"]["link"].removeprefix("#/"))
    seen(browser, f"{rows('Addresses of the home it asked for')}.length === 1")
    go(browser, kinds["wan-loss"]["link"].removeprefix("#/"))
    seen(browser, f"{rows('Minutes')}.some(r => parseFloat(r[2]) >= 10)")


# ---- the line

def test_the_line_without_any_event(house, browser):
    """From the overview's tile; a span is chosen with the mouse and by hand."""
    browser.do("await page.click('.tile a[href=\"#/line\"]')")
    seen(browser, f"{rows('Minutes')}.length > 20")
    shown = "new URLSearchParams(location.hash.split('?')[1])"
    browser.do("""
        const box = await (await page.$(".line-area")).boundingBox();
        await page.mouse.move(box.x + box.width * 0.4, box.y + 30);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.5, box.y + 30,
                              { steps: 4 });
        await page.mouse.up();
        """)
    seen(browser, f"{shown}.get('to') - {shown}.get('from') > 8_000_000")
    seen(browser, f"{TEXT}.includes('Nothing is known of the line then.')")
    browser.do("await page.click('.strip-all')")
    seen(browser, "location.hash === '#/line'")
    seen(browser, f"{rows('Minutes')}.length > 20")
    for state in "from=x&to=<script>", "from=9&to=1", "from=1&to=9e300":
        go(browser, f"line?{state}")
        seen(browser, "!!document.querySelector('.line-area canvas')")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", TOKENS)
def test_both_themes_at_both_widths(house, browser, shots, scheme, size):
    browser.open(*SIZES[size], scheme)
    for view, there in (("line", ".list tbody tr"),
                        (f"device/{house.h2.mac}",
                         "[aria-label^='Addresses of the home'] tbody tr")):
        go(browser, view)
        seen(browser, f"!!document.querySelector(\"{there}\")")
        assert browser.look(OVERFLOW) <= 0
        picture = shots / f"evidence-{view[:4]}-{scheme}-{size}.png"
        browser.do("await page.waitForTimeout(300);"
                   "await page.screenshot({ path: args.path, fullPage: true })",
                   path=str(picture))
        assert picture.stat().st_size > 10_000
        assert browser.do(AXE) == []
