"""A small database of countries in MaxMind's format, version 2.0."""
import ipaddress
import struct


def _text(words):
    data = words.encode()
    return bytes([2 << 5 | len(data)]) + data


def _map(pairs):
    return bytes([7 << 5 | len(pairs)]) + b"".join(
        _text(key) + value for key, value in pairs.items())


def _uint(kind, number):
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    if kind < 8:
        return bytes([kind << 5 | len(data)]) + data
    return bytes([len(data), kind - 7]) + data


def _bits(network):
    """As in the tree: IPv4 stands under ::/96."""
    net = ipaddress.ip_network(network)
    start, length = int(net.network_address), net.prefixlen
    if net.version == 4:
        length += 96
    return [start >> (127 - i) & 1 for i in range(length)]


def write(path, countries):
    """'countries': {"198.51.100.0/24": "DE", …}, none inside another."""
    nodes, data, leaves = [[None, None]], b"", {}
    for network, code in countries.items():
        leaf = leaves.setdefault(code, ("data", len(data)))
        if leaf[1] == len(data):
            data += _map({"country_code": _text(code)})
        at, bits = 0, _bits(network)
        for bit in bits[:-1]:
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
        nodes[at][bits[-1]] = leaf
    tree = b""
    for record in (r for node in nodes for r in node):
        if record is None:
            record = len(nodes)
        elif isinstance(record, tuple):
            record = len(nodes) + 16 + record[1]
        tree += struct.pack("!I", record)
    about = _map({
        "binary_format_major_version": _uint(5, 2),
        "binary_format_minor_version": _uint(5, 0),
        "build_epoch": _uint(9, 1700000000),
        "database_type": _text("test"),
        "description": _map({"en": _text("for tests")}),
        "ip_version": _uint(5, 6),
        "languages": bytes([1, 4]) + _text("en"),
        "node_count": _uint(6, len(nodes)),
        "record_size": _uint(5, 32),
    })
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com"
                     + about)
