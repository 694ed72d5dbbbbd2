"""Request and response beside a TCP stream that takes all it can: the median
and 99th percentile of a promoted UDP flow, and of ICMP echo."""
UNIT, BETTER = "us", "lower"


def measure(t):
    figures = {}
    with t.bulk():
        for what, trips in (("UDP", t.round_trips("udp", 4000)),
                            ("ICMP", t.pings())):
            figures[f"{what} p50"] = trips[len(trips) // 2]
            figures[f"{what} p99"] = trips[len(trips) * 99 // 100]
    return figures
