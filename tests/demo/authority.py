"""Authoritative DNS for the demo's names: A records, over UDP (RFC 1035)."""
import asyncio
import socket
import struct

ZONE = b"\x07example\x00"
TYPE_A, TYPE_SOA, CLASS_IN = 1, 6, 1
NXDOMAIN = 3
AUTHORITATIVE = 0x8400      # QR and AA
RECURSION_DESIRED = 0x0100
TTL_S = 60
NAME_OF_QUESTION = struct.pack("!H", 0xc000 | 12)


def read_question(query):
    """(name, type, question as it came)."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii").lower())
        at += 1 + query[at]
    kind, _ = struct.unpack_from("!HH", query, at + 1)
    return ".".join(labels), kind, query[12:at + 5]


def record(name, kind, data):
    return name + struct.pack("!HHIH", kind, CLASS_IN, TTL_S, len(data)) + data


def soa():
    """What says for how long "no" is true."""
    return record(ZONE, TYPE_SOA, ZONE + ZONE + struct.pack(
        "!IIIII", 1, 3600, 600, 86400, TTL_S))


def answer(records, query):
    number, flags = struct.unpack_from("!HH", query)
    name, kind, question = read_question(query)
    addresses = records.get(name, []) if kind == TYPE_A else []
    flags = AUTHORITATIVE | flags & RECURSION_DESIRED
    if name not in records:
        flags |= NXDOMAIN
    return (struct.pack("!HHHHHH", number, flags, 1, len(addresses),
                        not addresses, 0)
            + question
            + b"".join(record(NAME_OF_QUESTION, TYPE_A, socket.inet_aton(a))
                       for a in addresses)
            + (b"" if addresses else soa()))


class Authority(asyncio.DatagramProtocol):
    """'records' holds the addresses of every name."""

    def __init__(self, records):
        self.records = records

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        try:
            self.transport.sendto(answer(self.records, data), addr)
        except (IndexError, UnicodeDecodeError, struct.error):
            pass    # not a question
