"""Captures as files, what Wireshark's tools say of them, and traffic to be
captured."""
import contextlib
import struct
import subprocess

from scapy.all import Ether
from scapy.utils import RawPcapNgReader

from house import FAR
from wire import mapped

LOCAL, REMOTE = 41000, 7000
SECTION, INTERFACE, PACKET, STATISTICS = 0x0a0d0d0a, 1, 6, 5    # block types
COMMENT, FILTER = 1, 11
COUNTS = {4: "ifrecv", 5: "ifdrop", 6: "filteraccept", 7: "osdrop",
          8: "usrdeliv"}


def capture(house, device, *more):
    """The file's path."""
    path = house.folder / "some.pcapng"
    house.cli("capture", device, "-o", path, *more)
    return path


def frames_of(path):
    """Frames in order, as bytes."""
    reader = RawPcapNgReader(str(path))
    with contextlib.closing(reader):
        return [bytes(data) for data, _ in reader]


def captured(house, device, *more):
    return frames_of(capture(house, device, *more))


def tshark(path, *more):
    """What it prints; a complaint is a failure."""
    done = subprocess.run(["tshark", "-n", "-r", path, *more], check=True,
                          capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines()
                  if "Running as user" not in line]
    assert not complaints
    return done.stdout


def comments(path):
    return tshark(path, "-T", "fields", "-e", "frame.comment")


def with_far(frames, *ports):
    """Those between the device and FAR, of a protocol that has these ports."""
    wanted = []
    for frame in frames:
        packet = Ether(frame)
        if FAR in (getattr(packet.payload, "src", ""),
                   getattr(packet.payload, "dst", "")):
            top = packet.payload.payload
            if not ports or {getattr(top, "sport", 0),
                             getattr(top, "dport", 0)} & set(ports):
                wanted.append(frame)
    return wanted


def talk(house, host, n=40, local=LOCAL, remote=REMOTE):
    """Datagrams of every size, and their answers."""
    with house.far.udp(remote, FAR) as far:
        inside, outside = mapped(host, far, local)
        with inside:
            for i in range(n):
                inside.sendto(bytes([i]) * (i * 37 % 1400), (FAR, remote))
                far.recvfrom(2048)
                far.sendto(bytes([255 - i]) * (i * 53 % 1400), outside)
                inside.recvfrom(2048)


def stream(house, host, n, local=LOCAL, remote=REMOTE):
    """That many datagrams, one after the other, from outside."""
    with house.far.udp(remote, FAR) as far:
        inside, outside = mapped(host, far, local)
        with inside:
            for _ in range(n):
                far.sendto(b"z" * 500, outside)
                inside.recvfrom(2048)


def promoted(house):
    return [f for f in house.ask("flows") if f["carried_by"] != "engine"]


# ---- the blocks themselves: tshark shows no statistics

def blocks(path, wanted):
    """The bodies of the blocks of that type."""
    data = path.read_bytes()
    while data:
        kind, size = struct.unpack_from("<II", data)
        assert struct.unpack_from("<I", data, size - 4) == (size,)
        if kind == wanted:
            yield data[8:size - 4]
        data = data[size:]


def options(path, kind):
    """Code and value of every option of the only block of that type."""
    body, = blocks(path, kind)
    at = {SECTION: 16, INTERFACE: 8, STATISTICS: 12}[kind]
    found = []
    while at < len(body):
        code, size = struct.unpack_from("<HH", body, at)
        if not code:
            break
        found.append((code, body[at + 4:at + 4 + size]))
        at += 4 + (size + 3) // 4 * 4
    return found


def said(path, kind):
    """A block's comments."""
    return [value.decode() for code, value in options(path, kind)
            if code == COMMENT]


def counts(path):
    """The statistics: {"ifrecv": 12, …}."""
    return {COUNTS[code]: struct.unpack("<Q", value)[0]
            for code, value in options(path, STATISTICS) if code in COUNTS}


def wrong(path):
    """Frames of which a sum is wrong, or that are malformed."""
    sums = [f"{layer}.check_checksum:TRUE" for layer in ("ip", "tcp", "udp")]
    bad = [f"{layer}.checksum.status == Bad"
           for layer in ("ip", "tcp", "udp", "icmp")]
    return tshark(path, *[word for name in sums for word in ("-o", name)],
                  "-Y", " || ".join(["_ws.malformed", *bad]))


def verified(path, layer):
    """How many of its sums tshark found right."""
    return len(tshark(path, "-o", f"{layer}.check_checksum:TRUE", "-Y",
                      f"{layer}.checksum.status == Good").splitlines())
