"""Pages that watch: how late packets and ticks are told, and who reads it."""
import collections
import contextlib
import http.client
import os
import pathlib
import socket
import statistics
import threading
import time

from topology import HOME, LAN, WORLD, Failed
from page import Page, connect, frame, log_in, unpack

HEADERS = 28    # IPv4 and UDP: bytes are counted as IP length
PORT = 7900
FIRST = 30000   # inside ports, one after the other
A_FLOW = 4      # packets of each, so that the lane takes none of them
EACH_S = 0.005
TICK_MS = 250
PING, PONG = 9, 10
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
    taken = sum(f["carried_by"] != "engine"
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
def first():
    """This thread goes before other work of the machine meanwhile: how late it
    is itself is nobody's business."""
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, 0)


def put_first(t):
    """So does the gateway, from now on."""
    for task in pathlib.Path(f"/proc/{t.child.pid}/task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(task.name), -20)


def ticks(page, seconds):
    """When each tick came, for so long."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        opcode, payload = page.frame()
        if opcode == PING:
            page.sock.sendall(frame(PONG, payload))
        elif any(m["type"] == "tick" for m in unpack(payload)[0]):
            times.append(time.monotonic())
    return times


def lateness(times):
    """Milliseconds that ticks came off their time: {what: so many}."""
    off = sorted(abs(1000 * (b - a) - TICK_MS)
                 for a, b in zip(times, times[1:]))
    return {"p99": off[int(0.99 * len(off))], "longest": off[-1],
            "median": statistics.median(off)}


# What views ask for while they are looked at, every so many seconds: core/span.js,
# widgets/talks.js, widgets/asked.js.
TRAFFIC = ((1, "history?from={m1}&step=100&limit=0"),
           (5, "history?from={m2}&step=5000&limit=0"),
           (30, "history?from={m3}&step=60000&limit=0"),
           (1, "history?from={hour}&group=device&limit=50"))
DEVICE = ((2, "flows?device={mac}"), (3, "dns/log?device={ip}&limit=200"))


@contextlib.contextmanager
def pages(t, count):
    """So many pages that read all they are told, and ask as Traffic does or as
    the view of a device, in turns."""
    asked = []
    with contextlib.ExitStack() as stack:
        owner = log_in(t.home, "correct horse") if count else None
        over = threading.Event()
        for n in range(count):
            page = stack.enter_context(
                Page(t.home, query=QUERY, headers=[owner]))
            view = (TRAFFIC, DEVICE)[n % 2]
            for work in ((_drain, page.sock),
                         (_poll, t.home, owner, view, over, asked)):
                thread = threading.Thread(target=work[0], args=work[1:])
                thread.start()
                stack.callback(thread.join)
            stack.callback(page.sock.shutdown, socket.SHUT_RDWR)
        stack.callback(over.set)
        yield
    wrong = [status for status in asked if status != 200]
    if count and (wrong or len(asked) < 2 * count):
        raise Failed(f"{len(asked)} questions, refused: {wrong}")


def _drain(sock):
    while sock.recv(1 << 20):
        pass


def _poll(home, owner, view, over, asked):
    """Statuses of the answers go into 'asked'."""
    api = http.client.HTTPConnection(LAN)
    api.sock = connect(home)
    mac = home.run("cat", "/sys/class/net/eth0/address").strip()
    due = [0] * len(view)
    while not over.wait(0.05):
        now = int(time.time() * 1000)
        for n, (every_s, path) in enumerate(view):
            if now < due[n]:
                continue
            due[n] = now + 1000 * every_s
            path = path.format(m1=now - 1200, m2=now - 10_000,
                               m3=now - 120_000, hour=now - 3_600_000,
                               mac=mac, ip=HOME)
            api.request("GET", f"/api/v1/{path}",
                        headers=dict([owner.split(": ", 1)]))
            reply = api.getresponse()
            reply.read()
            asked.append(reply.status)
