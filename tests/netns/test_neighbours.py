"""Who is where changes without a word, and what bypasses the kernel must not
let it forget."""
import contextlib
import random
import re
import time

import pytest

from house import FAR, ISP
from world import eventually

pytestmark = [pytest.mark.carriers("xdp", "nfqueue"), pytest.mark.long]

AGEING_S = 40       # the engine tells the bridge every 30 s
QUICK = """
for dev in gw0 $1; do
    cd /proc/sys/net/ipv4/neigh/$dev
    echo 2000 > base_reachable_time_ms; echo 1 > delay_first_probe_time
    echo 200 > retrans_time_ms; echo 3 > gc_stale_time
done
"""


def pings(host, target=FAR):
    return not host.attempt("ping", "-c", "1", "-W", "1", target).returncode


@pytest.fixture(scope="module")
def house(build_shared, carrier):
    """h1 on a cable, h2 and h3 on a switch; the kernel believes in neighbours
    for seconds, not for half a minute."""
    house = build_shared([["h1"], ["h2", "h3"]])
    house.start_gateway()
    house.hand_out_leases()
    house.bridge = re.search(r"(\S+-lan)[:@]", house.gw.run("ip", "link"))[1]
    house.gw.run("sh", "-ec", QUICK, "sh", house.bridge)
    assert eventually(lambda: all(map(pings, (house.h1, house.h2))))
    return house


def mac():
    return "02:" + ":".join(f"{random.getrandbits(8):02x}" for _ in range(5))


def heard_at(sock):
    with contextlib.suppress(TimeoutError, BlockingIOError):
        return sock.recv(64)
    return None


def arrives(sender, to, receiver):
    """One of many sent arrives; what came before does not count."""
    receiver.settimeout(0.05)
    while heard_at(receiver):
        pass
    word = random.randbytes(8)

    def once():
        sender.sendto(word, to)
        return heard_at(receiver) == word

    return eventually(once, 60)


def test_the_provider_s_router_is_replaced(house):
    """Another MAC behind the same address, and it does not say so."""
    with house.far.udp(7500, FAR) as far, house.h1.udp() as inside:
        inside.sendto(b"open", (FAR, 7500))
        _, outside = far.recvfrom(64)
        house.isp.run("ip", "link", "set", "street", "address", mac())
        assert arrives(inside, (FAR, 7500), far)    # who says nothing back
        assert arrives(far, outside, inside)


def test_a_device_gets_another_network_card(house):
    """The same address, another MAC: what comes from outside finds it."""
    with house.far.udp(7501, FAR) as far, house.h2.udp(42501) as inside:
        inside.sendto(b"open", (FAR, 7501))
        _, outside = far.recvfrom(64)
        house.h2.run("ip", "link", "set", "eth0", "address", mac())
        house.h2.run("ip", "neigh", "flush", "all")
        assert arrives(far, outside, inside)
        assert arrives(inside, (FAR, 7501), far)


def states(house, addr):
    return house.gw.run("ip", "neigh", "show", addr)


def test_a_long_flow_without_a_broadcast(house):
    """Nobody asks by ARP of himself, nobody sends but on the flow, for longer
    than the bridge and the kernel remember: they are reminded."""
    house.gw.run("ip", "link", "set", house.bridge, "type", "bridge",
                 "ageing_time", AGEING_S * 100)
    try:
        with house.far.udp(7502, FAR) as far, house.h3.udp() as inside, \
                house.h1.frames("eth0") as elsewhere:
            inside.sendto(b"open", (FAR, 7502))
            _, outside = far.recvfrom(64)
            inside.settimeout(30)
            until = time.monotonic() + AGEING_S + 15
            while time.monotonic() < until:
                inside.sendto(b"up", (FAR, 7502))
                assert far.recv(64) == b"up"
                far.sendto(b"down", outside)
                assert inside.recv(64) == b"down"
                fdb = house.gw.run("bridge", "fdb", "show", "br", house.bridge)
                assert f"{house.h3.mac} dev gl1" in fdb
                for addr in house.h3.ip, ISP:
                    assert "lladdr" in states(house, addr)
                    assert "FAILED" not in states(house, addr)
                time.sleep(0.5)
            # What is known is not flooded.
            elsewhere.setblocking(False)
            flooded = 0
            with contextlib.suppress(BlockingIOError):
                while True:
                    flooded += elsewhere.recv(2048)[42:46] == b"down"
            assert not flooded
    finally:
        house.gw.run("ip", "link", "set", house.bridge, "type", "bridge",
                     "ageing_time", 30000)
