"""Request and response over one TCP connection: median and 99th percentile."""
UNIT, BETTER = "us", "lower"


def measure(t):
    trips = t.round_trips("tcp")
    return {"p50": trips[len(trips) // 2], "p99": trips[len(trips) * 99 // 100]}
