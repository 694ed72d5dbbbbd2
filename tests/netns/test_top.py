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


def test_it_follows_the_size(house, terminal):
    top = terminal(120, 40)
    for columns, rows in (60, 12), (150, 50), (20, 4), (90, 20):
        top.resize(columns, rows)

        def fits():
            lines = top.lines()
            return len(lines) <= rows \
                and len(lines[0]) == len(lines[1]) == columns \
                and (columns < 60 or max(map(len, lines)) == columns)

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
