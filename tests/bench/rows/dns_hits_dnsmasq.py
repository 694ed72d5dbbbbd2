"""The same against dnsmasq."""
import naming

UNIT, BETTER = "k/s", "higher"
SIDES = ("dnsmasq", "portcullis")
GATEWAYS = naming.GATEWAYS


def measure(t):
    return naming.hits(t)[0] / 1e3
