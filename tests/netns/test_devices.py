"""Who is at home: devices that never ask DHCP, what devices say of themselves
by multicast DNS, what the owner says of them, and that it is remembered."""
import contextlib
import socket
import struct
from ipaddress import ip_address

import pytest

from house import LAN
from world import eventually

GROUP, GROUP6, MDNS = "224.0.0.251", "ff02::fb", 5353
FIXED = "10.77.0.50"


@pytest.fixture(scope="module")
def house(build_shared):
    """h1 has a lease without a name worth telling, h2 an address of its own."""
    house = build_shared([["h1"], ["h2", "h3"]])
    house.start_gateway()
    house.h1.dhcp()
    house.h2.sh(f"ip addr add {FIXED}/24 dev eth0")
    return house


def client(house, host):
    found = [c for c in house.ask("clients") if c["mac"] == host.mac]
    return found[0] if found else {}


def labels(name):
    return b"".join(bytes([len(part)]) + part for part in
                    (p.encode() for p in name.split("."))) + b"\0"


def record(owner, kind, data):
    return labels(owner) + struct.pack("!HHIH", kind, 0x8001, 120,
                                       len(data)) + data


def response(*records, number=0):
    return struct.pack("!6H", number, 0x8400, 0, len(records), 0,
                       0) + b"".join(records)


def announce(host, *records):
    """'host' says so to all, from port 5353."""
    with contextlib.closing(host.udp(MDNS)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        sock.sendto(response(*records), (GROUP, MDNS))


def address(name, addr):
    packed = ip_address(addr).packed
    return record(name, 1 if len(packed) == 4 else 28, packed)


def test_a_device_that_never_asks_dhcp(house):
    """It is seen as soon as it asks for anybody by ARP."""
    house.h2.attempt("ping", "-c1", "-W1", "10.77.0.99")
    assert eventually(lambda: client(house, house.h2).get("ip") == FIXED)
    row = client(house, house.h2)
    assert row["fixed"] and not row["random"] and not row["pinned"]
    assert row["name"] == row["vendor"] == "Raspberry Pi Foundation"
    assert row["name_source"] == "vendor" and row["hostname"] is None
    leased = client(house, house.h1)
    assert not leased["fixed"]
    assert (leased["name"], leased["name_source"]) == ("h1", "dhcp")


def test_its_name_by_multicast_dns(house):
    announce(house.h2, address("piano.local", FIXED))
    assert eventually(lambda: client(house, house.h2).get("name") == "piano")
    assert client(house, house.h2)["name_source"] == "mdns"


def test_nobody_names_another(house):
    """Neither by address nor by reverse name; and control characters of
    names do not come through."""
    back = ip_address(FIXED).reverse_pointer
    announce(house.h1, address("thief.local", FIXED),
             record(back, 12, labels("thief.local")))
    announce(house.h2, address("pi\x1banü.local", FIXED))
    assert eventually(lambda: client(house, house.h2).get("name") == "pianü")
    assert "thief" not in {c["name"] for c in house.ask("clients")}


def test_by_ipv6_too(house):
    own = house.h2.sh("ip -6 -o addr show dev eth0 scope link")
    own = own.split()[3].split("/")[0]
    with contextlib.closing(house.h2.udp(MDNS, "::")) as sock:
        index = int(house.h2.run("cat", "/sys/class/net/eth0/ifindex"))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        sock.sendto(response(address("organ.local", own)),
                    (GROUP6, MDNS, 0, index))
    assert eventually(lambda: client(house, house.h2).get("name") == "organ")


def test_the_nameless_are_asked(house):
    """h3 has said nothing: it is asked, and its answer comes to us alone."""
    house.h3.sh("ip addr add 10.77.0.51/24 dev eth0")
    with contextlib.closing(house.h3.udp(MDNS, timeout=60)) as sock:
        member = socket.inet_aton(GROUP) + socket.inet_aton("10.77.0.51")
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        house.h3.attempt("ping", "-c1", "-W1", LAN)
        back = "51.0.77.10.in-addr.arpa"
        while True:
            asked, asker = sock.recvfrom(9000)
            if labels(back) in asked:
                break
        assert asker[0] == LAN and asker[1] != MDNS
        sock.sendto(response(record(back, 12, labels("drum.local")),
                             number=struct.unpack("!H", asked[:2])[0]), asker)
    assert eventually(lambda: client(house, house.h3).get("name") == "drum")


def test_the_owner_has_the_last_word(house):
    mac = house.h2.mac
    house.cli("set", f"clients.name={mac}=Pianola",
              f"clients.icon={mac}=speaker", f"clients.pin={mac}")
    row = client(house, house.h2)
    assert (row["name"], row["name_source"]) == ("Pianola", "owner")
    assert row["icon"] == "speaker" and row["pinned"]
    said = house.gw.attempt(house.binary, "set", f"clients.icon={mac}=castle",
                            "--name", house.instance)
    assert said.returncode == 1 and "clients.icon" in said.stderr
    assert "Pianola" in house.cli("clients")


def test_it_is_remembered(house):
    """Also who is away when the gateway starts again."""
    before = client(house, house.h2)
    assert house.stop_gateway() == 0
    house.h2.run("ip", "link", "set", "eth0", "down")
    house.start_gateway()
    after = client(house, house.h2)
    assert after["first_seen_ms"] == before["first_seen_ms"]
    assert after["ip"] == FIXED and after["name"] == "Pianola"
    house.cli("set", "clients.name=", "clients.icon=", "clients.pin=")
    assert client(house, house.h2)["name"] == "organ"
