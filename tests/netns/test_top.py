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


def test_keys_sort(house, terminal):
    top = terminal()
    for key, word in ((b"u", "up"), (b"t", "total"), (b"n", "name"),
                      (b"d", "down")):
        top.press(key)
        assert eventually(lambda: top.lines()[1].startswith(f"by {word};"))
    top.press(b"n")
    assert eventually(lambda: top.lines()[1].startswith("by name;"))
    lines = top.lines()
    names = [x.split()[0].lower() for x in lines[3:lines.index("")]]
    assert len(names) >= 3 and names == sorted(names)
    top.press(b"q")
    assert top.wait() == 0
    assert top.is_given_back()


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
