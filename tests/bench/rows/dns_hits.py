"""Answers a second from the cache, on the data path, against unbound (one
thread)."""
import naming

UNIT, BETTER = "k/s", "higher"
SIDES = ("unbound", "portcullis")
GATEWAYS = naming.GATEWAYS


def measure(t):
    return naming.hits(t)[0] / 1e3
