"""A blocklist of a million names: what it takes of memory, and that nobody
waits, or is answered otherwise, while it is read anew."""
import socket
import struct
import threading
import time

import pytest

from house import LAN
from resolvers import Resolver, answer, question
from world import eventually

pytestmark = [pytest.mark.alone, pytest.mark.long]

NAMES = 1000000
ROOM = 64 << 20
BLOCKED, GOOD, NEW = "host77.ads.example", "good.example", "new.example"


@pytest.fixture
def home(build):
    """A house with the list, read."""
    house = build([["h1"]])
    house.resolver = Resolver(house.far, lambda message: answer(
        message, "192.0.2.1", ttl=1))
    house.list = house.folder / "hosts"
    write(house.list)
    house.start_gateway()
    house.hand_out_leases()
    house.before = memory(house)
    house.cli("set", f"dns.lists={house.list}")
    assert eventually(lambda: names(house) == NAMES, 120)
    yield house
    house.resolver.close()


def write(path, *more):
    """All at once, as who fetches lists does."""
    new = path.with_suffix(".new")
    with open(new, "w") as file:
        file.writelines(f"0.0.0.0 host{n}.ads.example\n"
                        for n in range(NAMES))
        file.writelines(f"0.0.0.0 {name}\n" for name in more)
    new.replace(path)


def names(house):
    return sum(row["names"] for row in house.ask("dns")["lists"])


def memory(house, what="VmRSS:"):
    with open(f"/proc/{house.gateway.pid}/status") as file:
        size, = (int(l.split()[1]) for l in file if l.startswith(what))
    return size << 10


class Asker:
    """Asks for one name after another, each once, until it is left; 'said'
    are the addresses by name, None where no answer came."""

    def __init__(self, host):
        self.sock = host.udp(timeout=10)
        self.said, self.asked = {}, 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _ask(self, name):
        self.asked += 1
        query = struct.pack("!HHHHHH", self.asked & 0xffff, 0x100, 1, 0, 0, 0) \
            + b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) \
            + b"\0\0\1\0\1"
        self.sock.sendto(query, (LAN, 53))
        try:
            data = self.sock.recv(2048)
        except TimeoutError:
            return None
        assert data[:2] == query[:2] and question(data)[0] == name
        return socket.inet_ntoa(data[-4:])

    def _run(self):
        while not self.ended.is_set():
            for name in BLOCKED, GOOD, NEW:
                self.said.setdefault(name, set()).add(self._ask(name))
            time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.sock.close()


def test_a_million_names_are_read_anew_and_nobody_notices(home):
    assert memory(home) - home.before < ROOM
    with Asker(home.h1) as asker:
        assert eventually(lambda: NEW in asker.said, 20)
        before = asker.asked
        write(home.list, NEW)
        assert eventually(lambda: names(home) == NAMES + 1, 120)
        assert eventually(lambda: "0.0.0.0" in asker.said[NEW], 20)
        assert asker.asked > before + 3
    assert asker.said == {BLOCKED: {"0.0.0.0"}, GOOD: {"192.0.2.1"},
                          NEW: {"192.0.2.1", "0.0.0.0"}}
    assert memory(home) - home.before < ROOM
    # Two sets, and the text of one, while it is read.
    assert memory(home, "VmHWM:") - home.before < 2 * ROOM
