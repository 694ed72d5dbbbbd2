"""Answers a second from the cache by socket, as where a driver has no XDP,
against unbound (one thread)."""
import naming

UNIT, BETTER = "k/s", "higher"
SIDES = ("unbound", "portcullis")
GATEWAYS = naming.GATEWAYS | {"portcullis": "nfqueue"}


def measure(t):
    return naming.hits(t)[0] / 1e3
