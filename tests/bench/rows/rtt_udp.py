"""Request and response over UDP, one at a time: median and 99th percentile."""
UNIT, BETTER = "us", "lower"


def measure(t):
    trips = t.round_trips("udp")
    return {"p50": trips[len(trips) // 2], "p99": trips[len(trips) * 99 // 100]}
