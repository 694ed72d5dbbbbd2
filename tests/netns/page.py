"""A page without a browser: HTTP by hand, a WebSocket that listens."""
import contextlib
import json
import os
import re
import struct

from house import LAN

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def request(path="/", host=LAN, headers=()):
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def offer(host=LAN, version="13", headers=(), query=""):
    """What asks for the live WebSocket."""
    return request("/api/v1/live" + query, host, [
        "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Version: {version}", f"Sec-WebSocket-Key: {KEY}",
        *headers])


def connect(machine, timeout=20):
    sock = machine.tcp(timeout=timeout)
    sock.connect((LAN, 80))
    return sock


def take(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionResetError("the gateway has hung up")
        data += more
    return data


def head(sock):
    """The head of the next reply; what comes behind it is not touched."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += take(sock, 1)
    return data.decode()


def status(text):
    return int(re.match(r"HTTP/1\.1 (\d+) ", text)[1])


def ask(machine, data):
    """Says 'data' on a connection of its own; the status of the reply."""
    with connect(machine) as sock:
        # Refused before it is whole, and that is the answer.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(data)
        return status(head(sock))


def frame(opcode, payload=b""):
    """A client's frame."""
    mask = os.urandom(4)
    size = len(payload)
    length = (bytes([0x80 | size]) if size < 126
              else struct.pack("!BH", 0x80 | 126, size))
    masked = bytes(b ^ mask[n % 4] for n, b in enumerate(payload))
    return bytes([0x80 | opcode]) + length + mask + masked


def log_in(machine, password):
    """The header that shows who is logged in; sets the password first where
    there is none."""
    body = json.dumps({"password": password})
    for path in "/api/v1/password", "/api/v1/session":
        with connect(machine) as sock:
            sock.sendall((f"POST {path} HTTP/1.1\r\nHost: {LAN}\r\n"
                          "Content-Type: application/json\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n"
                          f"{body}").encode())
            text = head(sock)
        cookie = re.search(r"^Set-Cookie: ([^;]+)", text, re.M | re.I)
        if cookie:
            return f"Cookie: {cookie[1]}"
    raise AssertionError(text)


class Page:
    """Opened on 'machine'; messages as they come, decoded."""

    def __init__(self, machine, **options):
        self.sock = connect(machine)
        self.sock.sendall(offer(**options))
        assert status(head(self.sock)) == 101
        self.heard = []

    def messages(self):
        """The next list of them, which come as one."""
        opcode, payload = self.frame()
        assert opcode == 2
        value, rest = unpack(payload)
        assert value and rest == b""
        return value

    def message(self):
        if not self.heard:
            self.heard = self.messages()
        return self.heard.pop(0)

    def frame(self):
        first, size = take(self.sock, 2)
        if size == 126:
            size, = struct.unpack("!H", take(self.sock, 2))
        elif size == 127:
            size, = struct.unpack("!Q", take(self.sock, 8))
        return first & 15, take(self.sock, size)

    def next(self, kind):
        """The next message of that type; others are passed over."""
        while True:
            message = self.message()
            if message["type"] == kind:
                return message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


# ---- msgpack, as much of it as the gateway speaks

NUMBERS = {0xcc: "B", 0xcd: "H", 0xce: "I", 0xcf: "Q",
           0xd0: "b", 0xd1: "h", 0xd2: "i", 0xd3: "q", 0xcb: "d"}
LENGTHS = {0xd9: (str, "B"), 0xda: (str, "H"), 0xdb: (str, "I"),
           0xdc: (list, "H"), 0xdd: (list, "I"),
           0xde: (dict, "H"), 0xdf: (dict, "I")}
CONSTANTS = {0xc0: None, 0xc2: False, 0xc3: True}


def unpack(data):
    """The first value, and the bytes behind it."""
    first, data = data[0], data[1:]
    if first < 0x80:
        return first, data
    if first >= 0xe0:
        return first - 0x100, data
    if first in CONSTANTS:
        return CONSTANTS[first], data
    if first in NUMBERS:
        return _number(NUMBERS[first], data)
    if first in LENGTHS:
        kind, code = LENGTHS[first]
        size, data = _number(code, data)
        return _collection(kind, size, data)
    if first < 0x90:
        return _collection(dict, first & 15, data)
    if first < 0xa0:
        return _collection(list, first & 15, data)
    assert first < 0xc0, hex(first)
    return _collection(str, first & 31, data)


def _number(code, data):
    size = struct.calcsize(code)
    return struct.unpack("!" + code, data[:size])[0], data[size:]


def _collection(kind, size, data):
    if kind is str:
        return data[:size].decode(), data[size:]
    values = []
    for _ in range(size * (2 if kind is dict else 1)):
        value, data = unpack(data)
        values.append(value)
    if kind is dict:
        return dict(zip(values[::2], values[1::2])), data
    return values, data
