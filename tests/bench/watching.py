"""Pages that watch every packet: how late it is told, and who reads it."""
import collections
import contextlib
import socket
import threading
import time

from topology import WORLD, Failed
from page import Page, log_in

HEADERS = 28    # IPv4 and UDP: bytes are counted as IP length
PORT = 7900
FIRST = 30000   # inside ports, one after the other
A_FLOW = 4      # packets of each, so that the lane takes none of them
EACH_S = 0.005
QUERY = "?packets=1"
WARM = 60       # packets at once make a flow heavy
INSIDE, REMOTE_PORT, BYTES, PACKETS = 4, 6, 7, 9    # where in a row


def _send(home, count):
    """{(inside port, IP length): when} of 'count' datagrams."""
    sent = {}
    for flow in range(count // A_FLOW):
        with home.udp(FIRST + flow) as sock:
            for n in range(A_FLOW):
                sent[FIRST + flow, n + 1 + HEADERS] = time.monotonic()
                sock.sendto(bytes(n + 1), (WORLD, PORT))
                time.sleep(EACH_S)
    return sent


def delays(t, count):
    """Milliseconds from a datagram's sending until a page has heard of it,
    sorted; of 'count' that are sent, those that were told."""
    told = {}
    with Page(t.home, query=QUERY,
              headers=[log_in(t.home, "correct horse")]) as page:
        page.next("clients")

        def listen():
            with contextlib.suppress(ConnectionResetError):
                while True:
                    message = page.next("packets")
                    now = time.monotonic()
                    for row in message["rows"]:
                        if row[REMOTE_PORT] == PORT:
                            told.setdefault((row[INSIDE], row[BYTES]), now)

        thread = threading.Thread(target=listen)
        thread.start()
        sent = _send(t.home, count)
        time.sleep(1)
        page.sock.shutdown(socket.SHUT_RDWR)
        thread.join()
    return sorted(1000 * (told[key] - at)
                  for key, at in sent.items() if key in told)


def _promote(t, flows):
    """Sockets of so many flows that the express lane carries."""
    socks = [t.home.udp(FIRST + n) for n in range(flows)]
    for sock in socks:
        for _ in range(WARM):
            sock.sendto(b"", (WORLD, PORT))
    time.sleep(1)
    taken = sum(f["carried_by"] == "express"
                for f in t.ask("flows"))
    if taken < 0.9 * flows:
        raise Failed(f"{taken} of {flows} flows are in the lane")
    return socks


def lane_delays(t, flows, count):
    """As delays(), of 'count' datagrams of 'flows' that the express lane
    carries: told once what was told of its flow adds up to it."""
    sent, told = {}, {}
    totals = collections.Counter()
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(sock) for sock in _promote(t, flows)]
        page = stack.enter_context(
            Page(t.home, query=QUERY,
                 headers=[log_in(t.home, "correct horse")]))
        page.next("clients")

        def listen():
            with contextlib.suppress(ConnectionResetError):
                while True:
                    message = page.next("packets")
                    now = time.monotonic()
                    for row in message["rows"]:
                        if row[REMOTE_PORT] != PORT:
                            continue
                        for _ in range(row[PACKETS]):
                            totals[row[INSIDE]] += 1
                            told[row[INSIDE], totals[row[INSIDE]]] = now

        thread = threading.Thread(target=listen)
        thread.start()
        for n in range(count):
            flow, nth = n % flows, n // flows + 1
            sent[FIRST + flow, nth] = time.monotonic()
            socks[flow].sendto(b"", (WORLD, PORT))
            time.sleep(EACH_S)
        time.sleep(1)
        page.sock.shutdown(socket.SHUT_RDWR)
        thread.join()
    return sorted(1000 * (told[key] - at)
                  for key, at in sent.items() if key in told)


@contextlib.contextmanager
def pages(t, count):
    """So many pages that read all they are told."""
    with contextlib.ExitStack() as stack:
        owner = log_in(t.home, "correct horse") if count else None
        for _ in range(count):
            page = stack.enter_context(
                Page(t.home, query=QUERY, headers=[owner]))
            thread = threading.Thread(target=_drain, args=(page.sock,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(page.sock.shutdown, socket.SHUT_RDWR)
        yield


def _drain(sock):
    while sock.recv(1 << 20):
        pass
