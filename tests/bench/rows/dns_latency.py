"""Answers from the cache at 20,000 questions a second: median and 99th
percentile, against unbound (one thread)."""
import naming

UNIT, BETTER = "us", "lower"
SIDES = ("unbound", "portcullis")
GATEWAYS = naming.GATEWAYS
RATE = 20000


def measure(t):
    took = naming.latencies(t, RATE)
    return {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100]}
