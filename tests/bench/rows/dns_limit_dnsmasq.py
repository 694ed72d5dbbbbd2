"""The same against dnsmasq."""
import naming

UNIT, BETTER = "k/s", "higher"
SIDES = ("dnsmasq", "portcullis")
GATEWAYS = naming.GATEWAYS


def measure(t):
    return naming.limit(t) / 1e3
