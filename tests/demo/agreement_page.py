"""What the page says of what agreement.py has counted: the overview, Traffic by
device and by remote, the view of each device."""
import json
import re
import time

from book import ALONE, WAYS, bytes_of, shown, total
from names import RECORDS
from street import DEVICES, LAN

# pylint: disable=wrong-import-order
from browser import Browser
from world import eventually

PASSWORD = "a made-up house"
NAMES = {device.mac: device.name for device in DEVICES}
PATIENCE_S = 30
GROUPS = "table[aria-label='Traffic of the span'] tbody tr"
TALKS = "table[aria-label='Who it talks to'] tbody tr"
# What a row is about, and its cells.
TABLE = ("[...document.querySelectorAll(args.rows)].map(row => "
         "[row.querySelector('bdi')?.innerText ?? '', "
         "...[...row.children].map(cell => cell.innerText)])")
TILES = "[...document.querySelectorAll(args.tiles)].map(e => e.innerText)"


def texts(cells):
    return [re.sub(r"\s+", " ", cell).strip() for cell in cells]


def both(sums):
    """As a table shows them: nothing is a dash."""
    return [shown(sums[way]) if sums[way] else "\u2013" for way in WAYS]


class Shown:
    """The page, looked at from a device."""

    def __init__(self, street):
        self.browser = Browser(street.hosts[DEVICES[1]], f"http://{LAN}/")

    def log_in(self):
        self.browser.do(
            "await page.goto(args.url); await page.waitForSelector('.gate');"
            "for (const field of await page.$$('.gate input'))"
            "  await field.fill(args.password);"
            "await page.click('.gate button');"
            "await page.waitForSelector('.gate', { state: 'detached' });"
            "await page.waitForSelector('.devices tbody tr')",
            url=self.browser.url, password=PASSWORD)

    def go(self, hash_):
        self.browser.do("await page.goto(args.url)",
                        url=self.browser.url + hash_)

    def table(self, rows):
        """{what it is about: cells} of each row."""
        return {name: texts(cells) for name, *cells in
                self.browser.look(TABLE, rows=rows)}

    def tiles(self, where):
        return texts(self.browser.look(TILES, tiles=where))

    def comes_to(self, want, look):
        """'look', once it says what is wanted, or at last."""
        eventually(lambda: look() == want, PATIENCE_S, 0.2)
        return look()


def check(book, street, gateway, counted):
    """'counted': of the internet by remote, of each device by remote."""
    page = Shown(street)
    internet, devices = counted
    try:
        page.log_in()
        check_overview(book, page, gateway, devices)
        check_traffic(book, page, gateway, counted)
        check_remotes(book, page, gateway, internet)
        for mac in devices:
            check_device(book, page, gateway, devices, mac)
    finally:
        page.browser.close()


def check_overview(book, page, gateway, devices):
    want = {NAMES[mac]: both(sums)
            for mac, sums in gateway.today(devices).items()}
    book.same("page, overview, today", want, page.comes_to(want, lambda: {
        name: cells[4:6] for name, cells in
        page.table(".devices tbody tr").items() if name in want}))


def check_traffic(book, page, gateway, counted):
    internet, devices = counted
    end = int(time.time() * 1000)
    all_ = total(internet.values())
    want = [shown(all_[way]) for way in WAYS]
    page.go(f"#/traffic?from={gateway.span['from']}&to={end}")
    book.same("page, traffic, totals", want, page.comes_to(
        want, lambda: page.tiles(".tiles.four .tile .value")[:2]))
    want = {NAMES[mac]: both(total(sums.values()))
            for mac, sums in devices.items()}
    book.same("page, traffic, by device", want, page.comes_to(
        want, lambda: {name: cells[1:3] for name, cells in
                       page.table(GROUPS).items()}))


def check_remotes(book, page, gateway, internet):
    """Who shares a machine with another is not told apart by the internet."""
    end = int(time.time() * 1000)
    want = {name: both(total(internet[a] for a in ALONE[name])
                       if name in ALONE else
                       bytes_of(gateway.history(remote=name)["total"]))
            for name in RECORDS}
    want = {name: sums for name, sums in want.items() if any(
        one != "\u2013" for one in sums)}
    page.go(f"#/traffic?from={gateway.span['from']}&to={end}&group=remote")
    book.same("page, traffic, by remote", want, page.comes_to(
        want, lambda: {name: cells[1:3] for name, cells in
                       page.table(GROUPS).items()}))


def check_device(book, page, gateway, devices, mac):
    """All of it since the start, and today's; and of whom it still talks to."""
    name = NAMES[mac]
    sums, today = total(devices[mac].values()), gateway.today(devices)[mac]
    want = [f"{shown(sums['rx'])} since the start",
            f"{shown(sums['tx'])} since the start", shown(today["rx"]),
            f"received; {shown(today['tx'])} sent"]

    def said():
        tiles = page.tiles("section[aria-label='Now'] .tile dd")
        return tiles[1:4:2] + tiles[4:6]

    page.go(f"#/device/{mac}")
    book.same(f"page, device, {name}", want, page.comes_to(want, said))
    # Flows end meanwhile: the same moment's of both.
    pairs = []

    def agree():
        pairs[:] = [(talks_of(gateway, mac), {
            who: cells[-2:] for who, cells in page.table(TALKS).items()})]
        return pairs[0][0] == pairs[0][1]

    eventually(agree, PATIENCE_S, 0.2)
    book.same(f"page, device, {name}, talks", *pairs[0])


def talks_of(gateway, mac):
    """What the flows that are still known have moved, by whom they are with."""
    sums = {}
    for flow in json.loads(gateway.fetch(f"flows?device={mac}")):
        who = flow["name"] or flow["remote"].rsplit(":", 1)[0]
        one = sums.setdefault(who, {"rx": 0, "tx": 0})
        for way in WAYS:
            one[way] += flow[f"{way}_bytes"]
    return {who: both(one) for who, one in sums.items()}
