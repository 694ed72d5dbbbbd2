"""The same against dnsmasq."""
import naming

UNIT, BETTER = "us", "lower"
SIDES = ("dnsmasq", "portcullis")
GATEWAYS = naming.GATEWAYS


def measure(t):
    return naming.hits(t)[1]
