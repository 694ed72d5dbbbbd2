"""Request and response over UDP through the engine, the express lane off."""
UNIT, BETTER = "us", "lower"


def measure(t):
    t.set("express.mode=off")
    trips = t.round_trips("udp")
    return {"p50": trips[len(trips) // 2], "p99": trips[len(trips) * 99 // 100]}
