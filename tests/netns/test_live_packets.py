"""The live feed of every packet: in time, exact, the owner's alone, and no
burden to the gateway."""
import contextlib
import socket
import threading
import time

import pytest

from house import FAR
from page import Page, ask, log_in, offer
from wire import connected, exchange, mapped

pytestmark = pytest.mark.carriers("xdp", "nfqueue")
HEADERS = 28    # IPv4 and UDP: bytes are counted as IP length
AGE, MAC, PROTO, WAY, PORT, REMOTE, RPORT, BYTES, FLAGS, PACKETS, NAME = \
    range(11)


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1"], ["h2", "h3"]], express={"mode": "off"})
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    return house


@pytest.fixture(scope="module")
def owner(house):
    return log_in(house.h1, "correct horse")


@contextlib.contextmanager
def watching(house, owner, device=None, times=None):
    """Collects what a page that watches is told of packets: [(when, message)];
    in 'times' when it is told anything."""
    query = "?packets=1" + (f"&device={device}" if device else "")
    seen = []
    times = [] if times is None else times
    with Page(house.h1, query=query, headers=[owner]) as page:
        page.next("clients")

        def listen():
            with contextlib.suppress(ConnectionResetError):
                while True:
                    messages = page.messages()
                    times.append(time.time())
                    seen.extend((times[-1], m) for m in messages
                                if m["type"] == "packets")

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield seen
        finally:
            time.sleep(0.4)
            page.sock.shutdown(socket.SHUT_RDWR)
            thread.join()


def rows_of(seen, port):
    return [row for _, message in seen for row in message["rows"]
            if row[RPORT] == port]


@pytest.mark.alone
def test_every_packet_is_told_in_time(house, owner):
    sent, times = {}, []
    with watching(house, owner, times=times) as seen, \
            house.far.udp(7200, FAR) as far:
        inside, outside = mapped(house.h2, far, 41200)
        with inside:
            for i in range(300):
                sent[i] = time.time()
                inside.sendto(bytes(100 + i), (FAR, 7200))
                far.recvfrom(2048)
                far.sendto(bytes(300 + i), outside)
                inside.recvfrom(2048)
                time.sleep(0.02)
    rows = rows_of(seen, 7200)
    assert len(rows) == 601
    assert sum(m["left_out"] for _, m in seen) == 0
    for row in rows:
        assert row[MAC] == house.h2.mac
        assert row[PROTO] == 17 and row[PORT] == 41200
        assert row[REMOTE] == FAR and row[PACKETS] == 1
    up = [r[BYTES] for r in rows if r[WAY] == "tx"]
    assert up == [4 + HEADERS] + [100 + i + HEADERS for i in range(300)]
    assert [r[BYTES] for r in rows if r[WAY] == "rx"] == [
        300 + i + HEADERS for i in range(300)]
    # By the sender's own clock, as a packet may be told apart by its length.
    late = []
    for at, message in seen:
        for row in message["rows"]:
            if row[RPORT] == 7200 and row[WAY] == "tx" and row[BYTES] > 99:
                late.append(at - sent[row[BYTES] - HEADERS - 100])
    late.sort()
    assert late[int(len(late) * 0.99)] < 0.1
    assert len(times) <= 20 * (times[-1] - times[0]) + 3


def test_a_page_of_one_device_hears_of_it_alone(house, owner):
    with watching(house, owner, house.h3.mac) as seen, \
            house.far.tcp(7201, FAR) as server:
        server.listen()
        for host in house.h2, house.h3:
            one, other, _ = connected(host, server, 41201)
            with one, other:
                exchange(one, other)
    rows = [row for _, message in seen for row in message["rows"]]
    assert rows and {row[MAC] for row in rows} == {house.h3.mac}
    tcp = rows_of(seen, 7201)
    assert {row[WAY] for row in tcp} == {"rx", "tx"}
    assert {row[PORT] for row in tcp} == {41201}
    assert tcp[0][FLAGS] == 2 and tcp[1][FLAGS] == 0x12     # SYN, SYN ACK


def test_a_flood_is_told_in_part(house, owner):
    """What there is no row of is counted; nothing is told twice or forgotten."""
    def boundary():
        with Page(house.h1, headers=[owner]) as page:
            return page.next("tick")

    before = boundary()
    with watching(house, owner) as seen, house.h2.udp(41202) as inside:
        for _ in range(5):
            for _ in range(3000):
                inside.sendto(b"x" * 100, (FAR, 7202))
            time.sleep(0.1)
        time.sleep(1)
    after = boundary()
    told = sum(row[PACKETS] for row in rows_of(seen, 7202))
    left_out = sum(m["left_out"] for _, m in seen)
    assert all(len(m["rows"]) <= 500 for _, m in seen)
    moved = (after["tx_bytes"] - before["tx_bytes"]) / 128
    assert left_out > 0
    # Others spoke meanwhile, the page itself not: it does not cross.
    assert told + left_out <= moved + 200
    assert told + left_out >= moved * 0.97 - 200


def test_a_page_that_reads_nothing_is_told_less(house, owner):
    """And told so; others hear all the while, and packets pass."""
    with Page(house.h3, query="?packets=1", headers=[owner]) as slow, \
            watching(house, owner) as seen, \
            house.far.udp(7204, FAR) as far, house.h2.udp(41204) as inside:
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        for _ in range(20):
            for _ in range(2000):
                inside.sendto(bytes(100), (FAR, 7205))
            inside.sendto(b"there", (FAR, 7204))
            data, outside = far.recvfrom(2048)
            far.sendto(b"back", outside)
            assert inside.recv(2048) == b"back"
            time.sleep(0.1)
        time.sleep(1)
        kinds, left_out = set(), 0
        end = time.monotonic() + 20
        while "lagging" not in kinds and time.monotonic() < end:
            message = slow.message()
            kinds.add(message["type"])
            left_out += message.get("left_out", 0)
    assert "lagging" in kinds and left_out > 0
    assert len(seen) >= 20


def test_it_is_the_owners_alone(house, owner):
    assert ask(house.h1, offer(query="?packets=1")) == 401
    assert ask(house.h1, offer(query="?packets=1&device=h1",
                               headers=[owner])) == 400
    assert ask(house.h1, offer(query="?packets=1", headers=[owner])) == 101
    assert ask(house.h1, offer(query="?packets=0")) == 401


def test_the_lane_tells_a_row_a_tick(build, carrier):
    house = build([["h1"]], express={"after_packets": 5})
    house.start_gateway()
    house.h1.dhcp()
    owner = log_in(house.h1, "correct horse")
    with watching(house, owner) as seen, house.far.udp(7203, FAR) as far:
        inside, outside = mapped(house.h1, far, 41203)
        with inside:
            for _ in range(1500):
                far.sendto(bytes(200), outside)
                inside.recvfrom(2048)
                time.sleep(0.0005)
        time.sleep(0.5)
    rows = [r for r in rows_of(seen, 7203) if r[WAY] == "rx"]
    assert sum(r[PACKETS] for r in rows) == 1500
    assert sum(r[BYTES] for r in rows) == 1500 * (200 + HEADERS)
    assert max(r[PACKETS] for r in rows) > 10
    assert {r[PORT] for r in rows} == {41203}
    assert {r[MAC] for r in rows} == {house.h1.mac}
