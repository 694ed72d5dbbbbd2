"""Request and response beside a TCP stream that takes all it can: the median
and 99th percentile of a promoted UDP flow, and of ICMP echo."""
UNIT, BETTER = "us", "lower"


def measure(t):
    return t.trips_beside_bulk()
