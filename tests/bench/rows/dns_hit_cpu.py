"""What an answer from the cache costs the machine, softirqs included, dnsperf's
own time left out, against unbound (one thread)."""
import naming

UNIT, BETTER = "us", "lower"
SIDES = ("unbound", "portcullis")
GATEWAYS = naming.GATEWAYS


def measure(t):
    return naming.hits(t)[1]
