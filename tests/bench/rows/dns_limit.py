"""Answers a second from the cache, on the data path, at the server's own limit,
against unbound (one thread)."""
import naming

UNIT, BETTER = "k/s", "higher"
SIDES = ("unbound", "portcullis")
GATEWAYS = naming.GATEWAYS


def measure(t):
    return naming.limit(t) / 1e3
