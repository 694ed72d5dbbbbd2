"""What tests of the express lane do: an echo out there, flows that are heavy,
and who carries them."""
import contextlib
import threading

from house import FAR
from world import eventually

FACE = {"xdp": "xdp", "nfqueue": "tc", "pair": "tc"}


@contextlib.contextmanager
def echo(house, port, addr=FAR):
    """far returns every datagram to where it came from."""
    server = house.far.udp(port, addr, timeout=0.2)
    over = threading.Event()

    def serve():
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                server.sendto(*server.recvfrom(2048))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        server.close()


def asks(sock, port, payload):
    """Sends until the answer is there; the first that is."""
    def answered():
        sock.sendto(payload, (FAR, port))
        with contextlib.suppress(TimeoutError):
            return sock.recv(2048)

    sock.settimeout(0.3)
    return eventually(answered, 10)


def flows(house, **want):
    return [flow for flow in house.ask("flows")
            if all(flow[key] == value for key, value in want.items())]


def carrier_of(house, inside, port):
    row = flows(house, inside=inside, remote=f"{FAR}:{port}")
    return row[0]["carried_by"] if row else None


def promote(house, sock, host, port, face):
    """Echoes until eBPF carries the flow."""
    inside = f"{host.ip}:{sock.getsockname()[1]}"

    def carried():
        for _ in range(20):
            asks(sock, port, b"heavy")
        return carrier_of(house, inside, port) == face

    assert eventually(carried, 15), flows(house)


def merge_at_the_gateway(house):
    """GRO there, as cards have it: what XDP passes on comes to tc merged."""
    for dev in "gw0", *house.lan_ports:
        house.gw.run("ethtool", "-K", dev, "gro", "on")
