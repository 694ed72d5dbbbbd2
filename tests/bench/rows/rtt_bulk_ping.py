"""ICMP echoes as slow as a person's, or nearly, beside a TCP stream that takes
all it can: the median and 99th percentile."""
UNIT, BETTER = "us", "lower"


def measure(t):
    with t.bulk():
        trips = t.pings(600, apart=0.1)
    return {"p50": trips[len(trips) // 2], "p99": trips[len(trips) * 99 // 100]}
