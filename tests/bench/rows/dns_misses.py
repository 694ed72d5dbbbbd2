"""Answers a second to names that nobody asked for before, through one upstream,
against unbound (one thread) that forwards."""
import naming

UNIT, BETTER = "k/s", "higher"
SIDES = ("unbound", "portcullis")
GATEWAYS = naming.GATEWAYS


def measure(t):
    return naming.misses(t)[0] / 1e3
