"""As rtt-udp, where XDP is beside the ports and tc is the lane."""
UNIT, BETTER = "us", "lower"
SIDES = ("kernel", "pair")


def measure(t):
    trips = t.round_trips("udp")
    return {"p50": trips[len(trips) // 2], "p99": trips[len(trips) * 99 // 100]}
