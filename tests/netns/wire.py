"""Packets made by hand, what is heard on a wire, and the NAT seen from both
sides."""
import contextlib
import socket
import struct
import time

from scapy.all import IP, UDP, Ether, IPv6

from world import Failed

SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23    # <linux/if_packet.h>


class Ear:
    """Hears what comes in on a device, from the moment it is made."""

    def __init__(self, machine, dev="eth0"):
        self.sock = machine.frames(dev, timeout=0.2)
        self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.who = machine.name

    def packets(self, timeout):
        """What comes, as IP or IPv6, until nothing came for 'timeout'."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                packet = Ether(self.sock.recv(65535)).payload
                if isinstance(packet, (IP, IPv6)):
                    yield packet

    def wait(self, wanted, timeout=20):
        """The first packet of which wanted(packet) is true."""
        seen = []
        for packet in self.packets(timeout):
            if wanted(packet):
                return packet
            seen.append(packet.summary())
        raise Failed(f"{self.who}: not heard; but\n" + "\n".join(seen[-20:]))

    def count(self, wanted, timeout):
        """How many such packets come within that time."""
        return sum(bool(wanted(packet)) for packet in self.packets(timeout))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


def send(machine, *packets):
    """As they are but for the IP checksum, which the kernel makes; its own
    routes lead them."""
    for family, kind in (socket.AF_INET, IP), (socket.AF_INET6, IPv6):
        with machine.inside():
            sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        with sock:
            for packet in packets:
                if isinstance(packet, kind):
                    sock.sendto(bytes(packet), (packet.dst, 0))


def udp_flood(host, target, ports, dport=9):
    """One small datagram from each of these source ports, not too fast."""
    head = bytes(IP(src=host.ip, dst=target, len=32) / UDP())[:20]
    with host.inside():
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                             socket.IPPROTO_RAW)
    with sock:
        for n, port in enumerate(ports):
            sock.sendto(head + struct.pack("!HHHHI", port, dport, 12, 0, n),
                        (target, 0))
            if n % 64 == 63:
                time.sleep(0.001)


def hush(machine, rule):
    """The machine's kernel does not get to see what this nftables rule
    matches; an Ear does."""
    machine.run("nft", "-f", "-", input=(
        "table inet hush {\n chain input {\n"
        "  type filter hook input priority -300;\n }\n}\n"
        f"add rule inet hush input {rule} drop\n"))


def mapped(host, server, port=0):
    """A LAN socket that spoke to 'server', and how the outside knows it."""
    inside = host.udp(port)
    inside.sendto(b"open", server.getsockname())
    data, outside = server.recvfrom(2048)
    assert data == b"open"
    return inside, outside


def connected(host, server, port=0):
    """A TCP connection from that port of a LAN host to a listening socket:
    both ends, and how the outside knows the inside one."""
    inside = host.tcp(port)
    inside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    inside.connect(server.getsockname())
    outside, peer = server.accept()
    outside.settimeout(20)
    return inside, outside, peer


def exchange(one, other, data=b"over and back"):
    """Both ends of a stream hear what the other says."""
    one.sendall(data)
    assert take(other, len(data)) == data
    other.sendall(data[::-1])
    assert take(one, len(data)) == data[::-1]


def take(sock, size):
    """That many bytes of a stream."""
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        assert more, f"the stream ends after {len(data)} of {size} bytes"
        data += more
    return data


def drops(house, reason):
    """How many packets the gateway has dropped for that reason."""
    return sum(row["packets"] for row in house.ask("drops")
               if row["reason"] == reason)


def mapping(house, inside, proto="udp"):
    """The API's row of the mapping of "address:port", or None."""
    rows = [row for row in house.ask("mappings")
            if (row["proto"], row["inside"]) == (proto, inside)]
    assert len(rows) <= 1, rows
    return rows[0] if rows else None
