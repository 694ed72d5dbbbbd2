"""Who watches a wire for what must not be there, and who provokes it."""
import contextlib
import ctypes
import random
import socket
import struct
import threading
import time
from ipaddress import ip_address

from world import heard

SO_ATTACH_FILTER = 26


def _attach(sock, program):
    code = ctypes.create_string_buffer(
        b"".join(struct.pack("HBBI", *step) for step in program))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("HL", len(program), ctypes.addressof(code)))


def only_resets(sock):
    """From now on 'sock' hears nothing but IPv4 TCP with RST set."""
    _attach(sock, [(0x28, 0, 0, 12), (0x15, 0, 6, 0x0800),  # EtherType IPv4
                   (0x30, 0, 0, 23), (0x15, 0, 4, 6),       # TCP
                   (0xb1, 0, 0, 14), (0x50, 0, 0, 27),      # flags
                   (0x45, 0, 1, 0x04),
                   (0x06, 0, 0, 0xffff), (0x06, 0, 0, 0)])


@contextlib.contextmanager
def no_resets(*wires):
    """Nobody may reset anything on these (machine, device) meanwhile."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(machine.frames(dev))
                 for machine, dev in wires]
        for sock in socks:
            only_resets(sock)
            heard(sock)         # what came before the filter did
        yield
        for sock, (machine, dev) in zip(socks, wires):
            found = heard(sock)
            assert not found, (f"{len(found)} resets on {machine.name}'s "
                               f"{dev}; the first: {found[0].hex()}")


def _sum16(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def segment(smac, dmac, src, dst, sport, dport, flags):
    """A frame with an empty TCP segment."""
    addrs = ip_address(src).packed + ip_address(dst).packed
    tcp = struct.pack("!HHIIBBHHH", sport, dport, random.getrandbits(32),
                      random.getrandbits(32), 0x50, flags, 1024, 0, 0)
    check = _sum16(addrs + struct.pack("!HH", 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", check) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + addrs
    ip = ip[:10] + struct.pack("!H", _sum16(ip)) + ip[12:]
    macs = bytes.fromhex((dmac + smac).replace(":", ""))
    return macs + b"\x08\x00" + ip + tcp


def datagram(smac, dmac, src, dst, sport, dport, payload=b"knock"):
    """A frame with a UDP datagram, without the checksum that IPv4 spares."""
    addrs = ip_address(src).packed + ip_address(dst).packed
    udp = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17,
                     0) + addrs
    ip = ip[:10] + struct.pack("!H", _sum16(ip)) + ip[12:]
    macs = bytes.fromhex((dmac + smac).replace(":", ""))
    return macs + b"\x08\x00" + ip + udp


def mac_of(machine, dev):
    return machine.run("cat", f"/sys/class/net/{dev}/address").strip()


@contextlib.contextmanager
def strangers(house, address, rate=2000):
    """SYNs and ACKs from all over the world to ports that nobody opened: the
    kernel, should it see one, answers each with a reset."""
    pair = mac_of(house.isp, "street"), mac_of(house.gw, "gw0")
    frames = [segment(*pair, f"198.18.{n % 250}.{n % 199 + 1}", address,
                      1024 + n, 2048 + 7 * n, (0x02, 0x10)[n & 1])
              for n in range(512)]
    over = threading.Event()

    def knock(sock):
        due, n = time.monotonic(), 0
        while not over.is_set():
            with contextlib.suppress(OSError):      # no room, no cable
                sock.send(frames[n % len(frames)])
            n += 1
            due += 1 / rate
            time.sleep(max(0, due - time.monotonic()))

    with house.isp.frames("street") as sock:
        thread = threading.Thread(target=knock, args=[sock])
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
