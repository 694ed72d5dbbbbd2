"""nat.md 30: the gateway's own connections, whatever ports LAN hosts hold."""
import contextlib
import threading
import time

import pytest

from house import FAR, LAN, WAN
from watch import datagram, mac_of, segment
from world import eventually

pytestmark = pytest.mark.carriers("xdp", "nfqueue")

FLOWS = 20000
SSH = 2222
OWN_BLOCK = range(24576, 32768)


@pytest.fixture(scope="module")
def house(build_shared, carrier):
    house = build_shared([["h1"], ["h2"]])
    house.serve_dns()
    house.start_gateway()
    house.hand_out_leases()
    house.cli("set", f"wan.open=tcp:{SSH}")
    return house


def flood(house, host, over, rate=8000):
    """Opens 20,000 flows, half of them TCP, from source ports all over the
    range; again and again until it is over."""
    pair = mac_of(host, "eth0"), mac_of(house.gw, f"{house.instance}-lan")
    ports = [1 + n * 65535 // FLOWS for n in range(FLOWS)]
    frames = [segment(*pair, host.ip, FAR, port, 9, 0x02) if n & 1
              else datagram(*pair, host.ip, FAR, port, 9)
              for n, port in enumerate(ports)]
    due, sent = time.monotonic(), 0
    with host.frames("eth0") as sock:
        while sent < FLOWS or not over.is_set():
            with contextlib.suppress(OSError):
                sock.send(frames[sent % FLOWS])
            sent += 1
            due += 1 / rate
            time.sleep(max(0, due - time.monotonic()))


@contextlib.contextmanager
def flooded(house):
    """h1 does it, meanwhile and at least once."""
    over = threading.Event()
    thread = threading.Thread(target=flood, args=[house, house.h1, over])
    thread.start()
    try:
        assert eventually(
            lambda: len(house.ask("mappings")) > FLOWS // 4)
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def session(house):
    """As SSH over the WAN into the gateway: (its end, the owner's)."""
    with house.gw.tcp(SSH) as listener:
        listener.listen()
        with house.far.tcp() as owner:
            owner.connect((WAN, SSH))
            ours, _ = listener.accept()
            ours.settimeout(20)
            with ours:
                yield ours, owner


def echo(one, other, word):
    one.sendall(word)
    return other.recv(64) == word


def resolves(house, n):
    """Something that the cache cannot know."""
    said = house.h2.attempt("dig", "+tries=3", "+time=5", f"@{LAN}",
                            f"n{n}.example.net").stdout
    return "NXDOMAIN" in said


# nat.md 30
def test_nat30_a_host_on_all_ports_disturbs_no_own_connection(house, session):
    ours, owner = session
    with house.far.tcp(7600, FAR) as listener, house.gw.tcp() as client, \
            house.far.udp(7601, FAR) as far, house.gw.udp() as own:
        listener.listen()
        client.connect((FAR, 7600))
        server, _ = listener.accept()
        server.settimeout(20)
        own.sendto(b"hello", (FAR, 7601))
        _, own_at = far.recvfrom(64)
        with server, flooded(house):
            for n in range(20):
                assert resolves(house, f"{house.instance}-{n}")
                assert echo(owner, ours, b"typed")
                assert echo(ours, owner, b"shown")
                assert echo(client, server, b"asked")
                assert echo(server, client, b"answered")
                far.sendto(b"answer", own_at)
                assert own.recv(64) == b"answer"
            with house.gw.tcp() as another:
                another.connect((FAR, 7600))
            with house.far.tcp() as another:
                another.connect((WAN, SSH))


# nat.md 30
def test_nat30_no_mapping_takes_a_port_of_our_own(house):
    with flooded(house):
        outside = {(m["proto"], int(m["outside"].rsplit(":", 1)[1]))
                   for m in house.ask("mappings") if m["proto"] != "icmp"}
    assert len(outside) > FLOWS // 4
    assert not {port for _, port in outside} & set(OWN_BLOCK)
    assert not outside & {("tcp", SSH), ("udp", 67), ("udp", 68)}
