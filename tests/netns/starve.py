"""One LAN host that plays a hundred thousand and more: each asks for an address
once, and takes what it is offered."""
import contextlib
import socket
import struct
import threading
import time

from scapy.all import IP, UDP

MACS = 100000
SLICE = 50          # asked for between two looks at what came
A_SECOND = 10000

DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
HEAD = bytes(IP(src="0.0.0.0", dst="255.255.255.255", len=20 + 8 + 262,
                proto=17) / UDP(sport=68, dport=67, len=8 + 262, chksum=0))
OPTIONS = 14 + 28 + 240


def message(n, kind, ip=bytes(4), server=bytes(4)):
    """A frame of host n; nobody reads its padding."""
    mac = b"\x06" + n.to_bytes(5, "big")
    chosen = b"\x32\4" + ip + b"\x36\4" + server if kind == REQUEST else b""
    return b"".join((
        b"\xff" * 6, mac, b"\x08\x00", HEAD,
        struct.pack("!BBBBI20x", 1, 1, 6, 0, n), mac, bytes(10 + 192),
        b"\x63\x82\x53\x63", b"\x35\1", bytes([kind]),
        (chosen + b"\xff").ljust(19, b"\0")))


class Flood:
    """From 'host', in a thread of its own, until it is left; 'asked' counts the
    hosts, 'taken' are the addresses that were confirmed. Use with 'with'."""

    def __init__(self, host):
        self.sock = host.frames("eth0", timeout=0)
        self.sock.setblocking(False)
        self.asked, self.offers, self.taken = 0, 0, set()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _say(self, frame):
        with contextlib.suppress(BlockingIOError, OSError):
            self.sock.send(frame)

    def _run(self):
        while not self.ended.is_set():
            for n in range(self.asked, self.asked + SLICE):
                self._say(message(n, DISCOVER))
            self.asked += SLICE
            self._hear()
            time.sleep(SLICE / A_SECOND)

    def _hear(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                data, where = self.sock.recvfrom(2048)
                if where[2] != socket.PACKET_OUTGOING:
                    self._take(data)

    def _take(self, data):
        """Options of ours begin with the kind and who serves."""
        if data[12:14] != b"\x08\x00" or data[23] != 17 \
                or data[OPTIONS - 4:OPTIONS] != b"\x63\x82\x53\x63" \
                or data[42 + 28] != 6:      # a MAC that was made up
            return
        ip = data[42 + 16:42 + 20]
        n, = struct.unpack("!I", data[42 + 4:42 + 8])
        if data[OPTIONS + 2] == OFFER:
            self.offers += 1
            self._say(message(n, REQUEST, ip,
                              data[OPTIONS + 5:OPTIONS + 9]))
        elif data[OPTIONS + 2] == ACK:
            self.taken.add(socket.inet_ntoa(ip))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.sock.close()
