"""Pages that watch every packet: how late it is told, and who reads it."""
import contextlib
import socket
import threading
import time

from topology import WORLD
from page import Page, log_in

HEADERS = 28    # IPv4 and UDP: bytes are counted as IP length
PORT = 7900
FIRST = 30000   # inside ports, one after the other
A_FLOW = 4      # packets of each, so that the lane takes none of them
EACH_S = 0.005
QUERY = "?packets=1"
INSIDE, REMOTE_PORT, BYTES = 4, 6, 7    # where in a row


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
