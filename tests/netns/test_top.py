"""`portcullis top`: on a terminal it draws, obeys keys, follows the size and
gives the terminal back, however it ends; elsewhere it prints once."""
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
import unicodedata

import pytest

from house import FAR
from test_express import asks, echo
from world import eventually

LEAVES = b"\x1b[?1049l"


class Terminal:
    """A pseudoterminal with `top` on it; 'lines' is what its screen shows."""

    def __init__(self, house, columns=100, rows=30):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.said = b""
        self.child = house.gw.spawn(
            house.binary, "top", "--name", house.instance, stdin=slave,
            stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            with contextlib.suppress(OSError):
                self.said += os.read(self.master, 65536)

    def lines(self):
        """The last picture that is whole."""
        self.read()
        pictures = self.said.split(b"\x1b[H")
        whole = [p for p in pictures[1:] if b"\x1b[J" in p]
        if not whole:
            return []
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "",
                      whole[-1].split(b"\x1b[J")[0].decode()).split("\r\n")

    def press(self, key):
        os.write(self.master, key)

    def wait(self):
        status = self.child.wait(20)
        self.read()
        return status

    def is_given_back(self):
        now = termios.tcgetattr(self.slave)
        return now == self.before and self.said.rstrip().endswith(LEAVES) \
            and self.said.count(b"\x1b[?1049h") == self.said.count(LEAVES) \
            and self.said.rindex(b"\x1b[?25h") > self.said.rindex(b"\x1b[?25l")

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(house):
    built = []

    def build(*size):
        built.append(Terminal(house, *size))
        assert eventually(built[-1].lines, 15)
        return built[-1]

    yield build
    for one in built:
        one.close()


def test_it_shows_who_does_what(house, terminal):
    top = terminal()
    with echo(house, 7300), house.h1.udp(41300) as sock:
        def shown():
            for _ in range(30):
                asks(sock, 7300, bytes(1000))
            lines = top.lines()
            flow = [x for x in lines if f"{FAR}:7300" in x and "udp" in x]
            device = [x for x in lines if house.h1.ip in x]
            return flow and device and "b/s" in flow[0] and "b/s" in device[0]

        assert eventually(shown, 20), top.lines()
    assert top.lines()[0].startswith("Internet up, ")
    assert any("TODAY" in line for line in top.lines())


# ---- order

NUMBER = 11     # columns of each
SPOKE, SPEAKS_MUCH, HEARS_MUCH = 7311, 7312, 7313   # remote ports
KEYS = {b"d": "down", b"u": "up", b"t": "total", b"n": "name"}


@contextlib.contextmanager
def answers(house, port):
    """far answers with as many bytes as the first two of a datagram say."""
    over = threading.Event()
    server = house.far.udp(port, FAR, timeout=0.2)

    def serve():
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                said, whom = server.recvfrom(2048)
                server.sendto(bytes(int.from_bytes(said[:2], "big")), whom)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        server.close()


def ask(sock, port, up, down):
    sock.sendto(down.to_bytes(2, "big") + bytes(up - 2), (FAR, port))
    with contextlib.suppress(TimeoutError):
        sock.recv(2048)


@contextlib.contextmanager
def talks(house):
    """h1 sends much, h3 receives much, h2 did both, and more; whoever is first
    by one key is not by the next."""
    over = threading.Event()

    def talk(host, port, up, down):
        with host.udp(timeout=0.3) as sock:
            while not over.wait(0.02):
                ask(sock, port, up, down)

    with contextlib.ExitStack() as stack:
        for port in SPOKE, SPEAKS_MUCH, HEARS_MUCH:
            stack.enter_context(answers(house, port))
        with house.h2.udp(timeout=0.3) as sock:
            for _ in range(5000):
                ask(sock, SPOKE, 1200, 1200)
        threads = [threading.Thread(target=talk, args=how) for how in (
            (house.h1, SPEAKS_MUCH, 1200, 100),
            (house.h3, HEARS_MUCH, 100, 1200))]
        for thread in threads:
            thread.start()
            stack.callback(thread.join)
        stack.callback(over.set)
        yield


def amount(cell):
    """Of "1.23 Mb/s", of "512 B"; a dash is nothing."""
    if cell == "\u2013":
        return 0
    number, unit = cell.split()
    return float(number) * 1000 ** ("kMGTPE".find(unit[0]) + 1)


def tables(lines):
    """Devices and connections: (line, [down, up, total]) of each row."""
    gap = lines.index("")
    return [[(line, [amount(line[at:at + NUMBER].strip()) for at in
                     range(len(line) - 3 * NUMBER, len(line), NUMBER)])
             for line in part if line]
            for part in (lines[3:gap], lines[gap + 2:])]


def key_of(word, row):
    """By what a row is where it is, the least first."""
    line, amounts = row
    return line.split()[0].lower() if word == "name" \
        else -amounts[list(KEYS.values()).index(word)]


def test_every_key_orders_both_tables(house, terminal):
    """Also on a screen that has become another; in one with less room are those
    that are first in the order."""
    top = terminal(120, 40)
    first = {"down": (house.h3.name, HEARS_MUCH),
             "up": (house.h1.name, SPEAKS_MUCH),
             "total": (house.h2.name, SPOKE)}

    def picture(key, columns):
        top.press(key)
        assert eventually(
            lambda: top.lines()[1].startswith(f"by {KEYS[key]};")
            and max(map(len, top.lines())) == columns), top.lines()
        return tables(top.lines())

    def is_first(key, columns):
        devices, flows = picture(key, columns)
        name, port = first[KEYS[key]]
        return devices[0][0].split()[0] == name \
            and f"{FAR}:{port}" in flows[0][0]

    with talks(house):
        for columns, rows in (120, 40), (90, 20), (62, 12):
            top.resize(columns, rows)
            for key, word in KEYS.items():
                assert word == "name" or eventually(
                    lambda: is_first(key, columns), 20), (word, top.lines())
                for table in picture(key, columns):
                    at = [key_of(word, row) for row in table]
                    assert len(at) >= 3 and at == sorted(at), (word, table)
    top.press(b"q")
    assert top.wait() == 0
    assert top.is_given_back()


# ---- what it is drawn on

def wide(line):
    """Columns that a terminal needs for it."""
    return sum(0 if unicodedata.combining(c) or c in "\u200d\ufe0f"
               else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


@pytest.mark.parametrize("key", [b"Q", b"q", b"\x03"])
def test_keys_end_it(house, terminal, key):
    """Other keys, and what arrows and the mouse send, do nothing."""
    top = terminal()
    for odd in b"x", b"\x1b[A", b"\x1b[<0;3;3M", b"\xff\xfe", b" ", b"\r":
        top.press(odd)
    drawn = len(top.said)
    assert eventually(lambda: (top.read(), len(top.said) > drawn + 200)[1])
    assert top.lines()[1].startswith("by down;")
    top.press(key)
    assert top.wait() == 0
    assert top.is_given_back()


HOSTILE = ["\x1b]0;pwned\x07\x1b[2J", "\u202egnp.exe", "\u4e2d" * 60,
           "\U0001f468\u200d\U0001f469" * 9, "e" + "\u0301" * 40,
           "\xff\x9b31m"]


@pytest.mark.parametrize("columns", [24, 34, 47, 80, 120])
def test_odd_names_stay_in_their_column(house, terminal, columns):
    """Nothing drives the terminal, and what is right of a name stays where it
    is; on a narrow screen there is less beside it."""
    top = terminal(columns, 24)
    for name in HOSTILE:
        done = house.gw.attempt(
            house.binary, "set", f"clients.name={house.h1.mac}={name}",
            "--name", house.instance)
        if done.returncode:
            continue    # refused is as good
        shown = name[0] if name[0] in "\u4e2d\U0001f468e" else "?"

        def drawn():
            return any(line.startswith(shown) for line in top.lines())
        assert eventually(drawn, 20), (name, top.lines())
        lines = top.lines()
        assert max(map(wide, lines)) <= columns, (name, lines)
        devices = lines[2:lines.index("")]
        assert len({wide(line) for line in devices}) == 1, devices
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]",
                             "".join(lines)), lines
        assert b"pwned\x07" not in top.said
    house.cli("set", "clients.name=")


def test_it_follows_the_size(house, terminal):
    top = terminal(120, 40)
    for columns, rows in (60, 12), (150, 50), (20, 4), (40, 30), (1, 1), \
            (90, 20):
        top.resize(columns, rows)

        def fits():
            lines = top.lines()
            return len(lines) <= rows \
                and all(len(x) == columns for x in lines[:2]) \
                and max(map(len, lines)) == columns

        assert eventually(fits), top.lines()


@pytest.mark.parametrize("how,status", [
    (signal.SIGINT, 0), (signal.SIGTERM, 128 + 15), (signal.SIGHUP, 128 + 1)])
def test_signals_give_the_terminal_back(house, terminal, how, status):
    top = terminal()
    os.kill(top.child.pid, how)
    assert top.wait() == status
    assert top.is_given_back()


def test_it_pauses_and_goes_on(house, terminal):
    top = terminal()

    def state():
        with open(f"/proc/{top.child.pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]

    os.kill(top.child.pid, signal.SIGTSTP)
    assert eventually(lambda: state() == "T")
    top.read()
    assert top.is_given_back()
    drawn = len(top.said)
    os.kill(top.child.pid, signal.SIGCONT)
    assert eventually(lambda: (top.read(), len(top.said) > drawn + 200)[1])
    top.press(b"q")
    assert top.wait() == 0
    assert top.is_given_back()


def test_elsewhere_it_prints_once(house):
    begin = time.monotonic()
    said = house.cli("top")
    assert "\x1b" not in said and "q quit" not in said
    assert said.startswith("Internet up, ")
    assert house.h1.ip in said
    assert time.monotonic() - begin < 15


def test_a_pipe_may_close(house):
    assert house.gw.sh(f"{house.binary} top --name {house.instance} | head -1")


def test_without_a_gateway_it_says_so(house):
    done = house.gw.attempt(house.binary, "top", "--name", "nobody")
    assert done.returncode == 1
    assert "no gateway named 'nobody'" in done.stderr
