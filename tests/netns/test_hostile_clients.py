"""Whoever sits on the LAN may do its worst to the page: the right refusals,
bounded memory, and forwarding goes on as if nothing were."""
import contextlib
import hashlib
import os
import random
import resource
import subprocess
import time

import pytest

from house import FAR, LAN
from page import (Page, ask, connect, frame, head, offer, request, status,
                  take)
from world import eventually

CROWD = 2000
GROWTH = 24 << 20       # bytes that all of it together may add
SEED = int(os.environ.get("CLIENTS_SEED", time.time_ns() % 1000000))


@pytest.fixture(scope="module", autouse=True)
def descriptors():
    """Enough for the crowd."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def rss(house):
    with open(f"/proc/{house.gateway.pid}/status") as file:
        rss, = (int(l.split()[1]) for l in file if l.startswith("VmRSS:"))
    return rss << 10


@pytest.fixture(scope="module")
def digest(house, tmp_path_factory):
    """far serves a file of random bytes; its SHA-256."""
    folder = tmp_path_factory.mktemp("web")
    data = os.urandom(100 << 20)
    (folder / "file").write_bytes(data)
    house.serve_web(folder)
    yield hashlib.sha256(data).hexdigest()
    (folder / "file").unlink()


@pytest.fixture
def unharmed(house, digest):
    """While the test runs, h2 downloads from far; afterwards everything came
    through whole, the gateway has not grown, and its page is there for h3."""
    with Page(house.h3) as page:        # what is touched once is no growth
        page.next("clients")
    before = rss(house)
    fetch = f"curl -sS --max-time 300 http://{FAR}/file | sha256sum"
    fetcher = house.h2.spawn("sh", "-c", fetch, stdout=subprocess.PIPE,
                             text=True)
    yield
    with Page(house.h3) as page:
        page.next("tick")
    said, _ = fetcher.communicate(timeout=320)
    assert said.split()[0] == digest
    assert rss(house) - before < GROWTH
    assert house.gateway.poll() is None


def crowd(house, data):
    """CROWD clients of h1 that say 'data' and then nothing more; who was hung
    up on at once is among them."""
    clients = contextlib.ExitStack()
    for _ in range(CROWD):
        sock = clients.enter_context(house.h1.tcp(timeout=20))
        with contextlib.suppress(ConnectionError):
            sock.connect((LAN, 80))
            sock.sendall(data)
        clients.socks = [*getattr(clients, "socks", []), sock]
    return clients


def replies(clients):
    """How often which status came; None is a connection cut without one."""
    count = {}
    for sock in clients.socks:
        try:
            code = status(head(sock))
        except (ConnectionError, OSError):
            code = None
        count[code] = count.get(code, 0) + 1
    return count


def test_a_crowd_of_idle_connections(house, unharmed):
    with crowd(house, b""):
        assert ask(house.h3, request()) == 200
        with Page(house.h3) as page:
            page.next("tick")


def test_a_crowd_of_idle_pages(house, unharmed):
    """Some are let in; the rest is told that there is no room."""
    with crowd(house, offer()) as clients:
        count = replies(clients)
        assert count.keys() <= {101, 503, None}
        assert count[101] == 16
        assert count[503] > CROWD * 0.9
        assert ask(house.h3, request()) == 200
        with Page(house.h3) as page:
            page.next("tick")


def test_readers_that_do_not_read(house, unharmed):
    """Pages, and askers of much, whose windows are shut."""
    with contextlib.ExitStack() as lazy:
        for n in range(48):
            sock = lazy.enter_context(house.h1.tcp(timeout=20))
            sock.setsockopt(1, 8, 2048)     # SO_RCVBUF
            sock.connect((LAN, 80))
            sock.setblocking(False)
            asked = offer() if n < 16 else request("/api/v1/clients") * 200
            with contextlib.suppress(BlockingIOError):
                sock.send(asked)
        with Page(house.h3) as page:
            for _ in range(20):
                page.next("tick")
            assert rss(house) < 96 << 20


@pytest.mark.parametrize("whole", [
    request("/api/v1/status"), offer()], ids=["request", "offer"])
def test_requests_cut_at_every_byte(house, unharmed, whole):
    """Left half-way, by a goodbye and by a reset."""
    for cut in range(len(whole)):
        for linger in b"", bytes(4):
            with connect(house.h1) as sock:
                sock.sendall(whole[:cut])
                if linger:                  # SO_LINGER: on, zero seconds
                    sock.setsockopt(1, 13, b"\1\0\0\0" + linger)
    assert eventually(lambda: ask(house.h1, whole) in (101, 200), 20)


def test_a_megabyte_of_headers(house, unharmed):
    flood = "x" * (1 << 20)
    assert ask(house.h1, request(headers=["X: " + flood])) == 431
    assert ask(house.h1, request("/" + flood)) == 431
    assert ask(house.h1, offer(headers=["X: " + flood])) == 431
    assert ask(house.h1, request(headers=["X: y"] * 100000)) == 431


def test_other_names_and_other_pages(house, unharmed):
    for _ in range(200):
        assert ask(house.h1, request(host="evil.example")) == 421
        assert ask(house.h1, offer(host="evil.example")) == 421
        assert ask(house.h1, offer(
            headers=["Origin: http://evil.example"])) == 403


def test_bytes_that_are_no_frames(house, unharmed):
    """Whatever comes behind the offer ends that page alone."""
    chance = random.Random(SEED)
    print("CLIENTS_SEED", SEED)
    for _ in range(200):
        with connect(house.h1) as sock:
            sock.sendall(offer() + chance.randbytes(chance.randrange(2000)))
            assert status(head(sock)) == 101


@pytest.mark.parametrize("code, data", [
    (1008, frame(1, b"hello")), (1008, frame(2, bytes(4096))),
    (1009, frame(2, bytes(4097))), (1002, b"\x89\x00"), (1002, frame(3)),
    (1000, frame(8)),
], ids=["text", "much", "too-much", "unmasked", "unknown", "goodbye"])
def test_talkers_are_told_why_they_go(house, code, data):
    with Page(house.h1) as page:
        page.sock.sendall(data)
        opcode = 2
        while opcode != 8:
            opcode, payload = page.frame()
        assert int.from_bytes(payload, "big") == code
        with contextlib.suppress(ConnectionResetError):
            assert take(page.sock, 1) == b""


def test_a_flood_of_pings(house, unharmed):
    with Page(house.h1) as page:
        page.sock.setblocking(False)
        for _ in range(200):
            with contextlib.suppress(BlockingIOError, ConnectionError):
                page.sock.sendall(frame(9, bytes(125)) * 100)
