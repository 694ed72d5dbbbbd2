"""What connections begin with: ClientHellos made by hand, and the QUIC packets
of the unit tests."""
import re
import struct

from house import TOP


def _extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def client_hello(name, filler=0, ech=False):
    """One TLS record; 'filler' bytes of keys come before the name."""
    name = name.encode()
    extensions = _extension(51, bytes(filler))
    if ech:
        extensions += _extension(0xfe0d, bytes(180))
    extensions += _extension(0, struct.pack("!HBH", len(name) + 3, 0,
                                            len(name)) + name)
    body = b"\3\3" + bytes(32) + b"\0" + struct.pack("!HH", 2, 0x1301) \
        + b"\1\0" + struct.pack("!H", len(extensions)) + extensions
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + struct.pack("!H", len(message)) + message


def quic(which):
    """A datagram out of tests/unit/quic_vectors.h."""
    text = (TOP / "tests/unit/quic_vectors.h").read_text()
    block = re.search(rf" {which}\[\] =(.*?);", text, re.S)
    return bytes.fromhex("".join(re.findall('"([0-9a-f]*)"', block[1])))
