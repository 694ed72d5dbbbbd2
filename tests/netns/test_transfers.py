"""Connections under way go on when the gateway comes again, unnoticed but for a
pause: the bytes arrive, the mappings are the same, nobody is reset."""
import hashlib
import random
import socket
import subprocess
import threading
import time

import pytest

from again import AGAIN
from house import FAR, WAN
from watch import no_resets, strangers
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")

BYTES = 24 << 20
RATE = "8M"                     # three seconds of it, and pauses


@pytest.fixture(scope="module")
def house(build_shared, tmp_path_factory, carrier):
    house = build_shared([["h1"], ["h2", "h3"]])
    folder = tmp_path_factory.mktemp("web")
    content = random.Random(4).randbytes(BYTES)
    (folder / "file").write_bytes(content)
    house.digest = hashlib.sha256(content).hexdigest()
    house.serve_dns()
    house.serve_web(folder)
    house.start_gateway()
    house.hand_out_leases()
    return house


def watched(house):
    return no_resets((house.isp, "street"), (house.far, "eth0"),
                     (house.h1, "eth0"), (house.h2, "eth0"))


def fetch(host):
    return host.spawn("sh", "-c", f"curl -sS --max-time 90 --limit-rate {RATE} "
                      f"http://{FAR}/file | sha256sum",
                      stdout=subprocess.PIPE, text=True)


class Upload:
    """From 'host' to far, by TCP, at some megabytes a second."""

    def __init__(self, house, host, port):
        self.listener = house.far.tcp(port, FAR)
        self.listener.listen()
        self.client = host.tcp(timeout=60)
        self.client.connect((FAR, port))
        self.server, _ = self.listener.accept()
        self.server.settimeout(60)
        self.sent, self.got = hashlib.sha256(), hashlib.sha256()
        self.threads = [threading.Thread(target=run)
                        for run in (self._send, self._receive)]
        for thread in self.threads:
            thread.start()

    def _send(self):
        for n in range(100):
            piece = random.Random(n).randbytes(BYTES // 100)
            self.sent.update(piece)
            self.client.sendall(piece)
            time.sleep(0.03)
        self.client.shutdown(socket.SHUT_WR)

    def _receive(self):
        while piece := self.server.recv(1 << 16):
            self.got.update(piece)

    def arrived(self):
        for thread in self.threads:
            thread.join(90)
        for sock in self.client, self.server, self.listener:
            sock.close()
        return self.sent.digest() == self.got.digest()


def carried(house):
    return sum(f["rx_bytes"] + f["tx_bytes"] for f in house.ask("flows"))


def mappings(house):
    return {(m["proto"], m["inside"], m["outside"])
            for m in house.ask("mappings")}


# nat.md 32
@AGAIN
def test_transfers_go_on(house, again):
    """Down and up, over three of them, with strangers at the door."""
    with watched(house), strangers(house, WAN, 500):
        fetchers = [fetch(house.h1), fetch(house.h2)]
        upload = Upload(house, house.h3, 7400)
        for _ in range(3):
            was = carried(house)
            assert eventually(lambda: carried(house) > was + (1 << 20), 20)
            again(house)
        for fetcher in fetchers:
            said, _ = fetcher.communicate(timeout=100)
            assert said.split()[0] == house.digest
        assert upload.arrived()


# nat.md 32
@AGAIN
def test_mappings_are_the_same(house, again):
    """Of every kind; and one who never heard of it reaches it still."""
    sockets = [house.h1.udp() for _ in range(20)]
    with house.far.udp(7100, FAR) as far:
        for sock in sockets:
            sock.sendto(b"open", (FAR, 7100))
        outside = [far.recvfrom(64)[1] for _ in sockets]
        house.h2.run("ping", "-c", "1", "-W", "5", FAR)
        was = mappings(house)
        assert len(was) >= 21
        again(house)
        assert was <= mappings(house)
        with house.isp.udp() as stranger:
            for sock, at in zip(sockets, outside):
                stranger.sendto(b"knock", at)
                assert sock.recv(64) == b"knock"
        for sock, at in zip(sockets, outside):
            sock.sendto(b"again", (FAR, 7100))
            assert far.recvfrom(64) == (b"again", at)
    for sock in sockets:
        sock.close()


# nat.md 32
@AGAIN
def test_an_idle_connection_is_still_there(house, again):
    """It says nothing before and nothing meanwhile."""
    with watched(house), house.far.tcp(7200, FAR) as listener, \
            house.h3.tcp() as client:
        listener.listen()
        client.connect((FAR, 7200))
        server, _ = listener.accept()
        server.settimeout(5)
        again(house)
        server.sendall(b"from outside")
        assert client.recv(64) == b"from outside"
        client.sendall(b"from inside")
        assert server.recv(64) == b"from inside"
        server.close()


@AGAIN
def test_a_socket_of_the_gateway_itself_goes_on(house, again):
    """It has no peer, as a server has none; but it came after the first start,
    from the block of ports that our own clients take."""
    with house.gw.udp() as own, house.far.udp(7300, FAR) as far:
        own.sendto(b"asked", (FAR, 7300))
        _, at = far.recvfrom(64)
        assert at[0] == WAN and 24576 <= at[1] < 32768
        again(house)
        far.sendto(b"answered", at)
        assert own.recv(64) == b"answered"
